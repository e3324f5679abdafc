"""The page's style: light and dark, narrow and wide, on paper."""

from __future__ import annotations

STYLE = """
:root {
  --page: #f5f6f8; --card: #ffffff; --ink: #1a222d; --soft: #525d6b; --line: #dce1e7; --link: #1f54a8;
  --holds: #0a6847; --holds-on: #e2f4ea; --refuted: #a5281b; --refuted-on: #fce9e6;
  --undecided: #4c5867; --undecided-on: #e9edf2; --alarm: #8f4400; --alarm-on: #fff4e0; --alarm-line: #e3a33d;
  --line-0: #1f54a8; --line-1: #c2410c; --line-2: #0f766e; --line-3: #a21a63;
  --line-4: #6545c9; --line-5: #7a6200; --line-6: #3f4854; --line-7: #3d7a1c;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0f1318; --card: #181e26; --ink: #e7ebf0; --soft: #a5b0bd; --line: #2d3641; --link: #8db7ff;
    --holds: #72d9ab; --holds-on: #123527; --refuted: #ff9f91; --refuted-on: #43201c;
    --undecided: #b7c1cd; --undecided-on: #29313b; --alarm: #ffc873; --alarm-on: #35270f; --alarm-line: #9b6a17;
    --line-0: #82b1ff; --line-1: #ff9d66; --line-2: #4fd3c2; --line-3: #f48fc6;
    --line-4: #b6a4ff; --line-5: #dcc95c; --line-6: #cbd4de; --line-7: #9bd66f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0 auto; max-width: 72rem; padding: 0 clamp(.75rem, 3vw, 2rem) 3rem;
  background: var(--page); color: var(--ink); overflow-wrap: break-word;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -200vw; background: var(--card); padding: .5rem 1rem; }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; margin: 0; }
h1 { font-size: clamp(1.9rem, 5vw, 2.6rem); letter-spacing: -.02em; }
h2 { font-size: clamp(1.3rem, 3.4vw, 1.6rem); letter-spacing: -.01em; }
h3 { font-size: 1.02rem; margin: 1.5rem 0 .6rem; }
h4 { font-size: 1rem; font-weight: 600; }
p { margin: .5rem 0; }
ul { margin: .4rem 0; padding-left: 1.2rem; }
header { padding: clamp(1.5rem, 5vw, 3rem) 0 .5rem; }
.lead { color: var(--soft); font-size: 1.05rem; margin: .3rem 0 0; }
.lead b { color: var(--ink); }
main > section, main > nav { margin-top: 2.25rem; }
.note, .by, .back, .quiet { color: var(--soft); font-size: .9rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }

.alarms {
  background: var(--alarm-on); border: 1px solid var(--alarm-line); border-left-width: 6px; border-radius: 10px;
  padding: 1rem 1.25rem;
}
.alarms h2, .alarms h3, .new { color: var(--alarm); }
.alarms h3 { margin: .8rem 0 .2rem; }
.new { text-transform: uppercase; font-size: .75rem; letter-spacing: .05em; }

.summary ul, .index, .facts, .legend { list-style: none; padding: 0; }
.verdicts { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .6rem; margin-top: .8rem; }
.verdicts li {
  border-radius: 12px; padding: .8rem 1rem; display: flex; gap: .7rem; align-items: center; line-height: 1.2;
  background: var(--on); color: var(--tone);
}
.verdicts b { font-size: clamp(1.5rem, 5vw, 2.1rem); letter-spacing: -.02em; display: block; line-height: 1.05; }
.verdicts .sign { width: 2rem; height: 2rem; flex: none; }
.holds { --tone: var(--holds); --on: var(--holds-on); }
.refuted { --tone: var(--refuted); --on: var(--refuted-on); }
.undecided { --tone: var(--undecided); --on: var(--undecided-on); }
.sign {
  fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round;
  width: .95em; height: .95em; flex: none;
}
.shares { display: flex; gap: 3px; height: 8px; margin: .6rem 0; }
.share { background: var(--tone); border-radius: 4px; min-width: 4px; }
.totals { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .6rem; }
.totals li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .7rem 1rem; }
.totals b { display: block; font-size: 1.35rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.totals span { color: var(--soft); font-size: .88rem; }

.changes, .guide, .index { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.changes, .guide { padding: 1rem 1.25rem; }
.changes h3 { margin: 1rem 0 .2rem; }
.changed { border-left: 4px solid var(--link); padding: .1rem 0 .1rem .7rem; font-size: .92rem; }
.index { margin-top: .8rem; }
.index li {
  display: grid; gap: .1rem 1rem; padding: .7rem 1.25rem; align-items: center;
  grid-template-columns: 9.5rem minmax(0, 1fr) auto;
}
.index li + li { border-top: 1px solid var(--line); }
.index .chips { display: flex; gap: .35rem; flex-wrap: wrap; justify-content: flex-end; }
.index .note { grid-column: 2 / -1; }
.asked::first-letter { text-transform: uppercase; }

.verdict {
  display: inline-flex; align-items: center; gap: .35em; border-radius: 99px; padding: .12rem .65rem; flex: none;
  font-size: .85rem; font-weight: 600; background: var(--on); color: var(--tone); white-space: nowrap;
}
.experiment { border-top: 1px solid var(--line); padding-top: 1.75rem; }
.name { color: var(--link); }
.name::after { content: " \\00b7"; color: var(--soft); }
.question { font-size: 1.1rem; margin: .25rem 0 .6rem; }
.facts { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0 0 .75rem; }
.facts li {
  border: 1px solid var(--line); background: var(--card); border-radius: 99px; padding: .1rem .7rem; font-size: .85rem;
  color: var(--soft);
}
.left-out { border-left: 4px solid var(--alarm-line); padding: .1rem 0 .1rem .9rem; margin: .75rem 0; }
.left-out li { font-size: .92rem; }
.left-out h3 { margin: 0; font-size: .95rem; }
.claims { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); }
.claim, figure {
  background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.1rem; margin: 0;
  min-width: 0;
}
.claim { position: relative; overflow: hidden; padding-top: 1.2rem; }
.claim::before { content: ""; position: absolute; inset: 0 0 auto; height: 4px; background: var(--tone); }
.claim-head { display: flex; gap: .75rem; justify-content: space-between; align-items: flex-start; }
.finding { color: var(--soft); font-weight: 700; font-variant-numeric: tabular-nums; }
.estimate { font-variant-numeric: tabular-nums; margin: .5rem 0 .4rem; }
.estimate b { font-size: 1.2rem; }
.interval { white-space: nowrap; }
.claim dl, .guide dl { margin: .3rem 0 0; display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .2rem .9rem; }
.claim dl { font-size: .92rem; }
dt { color: var(--soft); }
dd { margin: 0; }
.guide dt { font-weight: 600; color: var(--ink); }

svg { display: block; font-family: inherit; }
svg text { fill: var(--soft); font-size: 12px; }
.against-zero { width: 100%; max-width: 34rem; margin: .6rem 0 0; overflow: visible; }
.side { fill: var(--line); opacity: .35; }
.side.for { fill: var(--holds-on); opacity: 1; }
.side.against { fill: var(--refuted-on); opacity: 1; }
.zero { stroke: var(--ink); stroke-width: 1.25; }
.reach { stroke: var(--tone); stroke-width: 3; fill: none; stroke-linecap: round; }
.mean { fill: var(--tone); stroke: var(--card); stroke-width: 1.5; }

.figures { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); }
figure { max-width: 40rem; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
.plot { width: 100%; overflow: visible; }
.plot .label { fill: var(--ink); }
.grid { stroke: var(--line); stroke-width: 1; }
.row { stroke: var(--line); stroke-width: 1; stroke-dasharray: 1 4; }
.axis { stroke: var(--soft); stroke-width: 1; }
.line-0 { --stroke: var(--line-0); } .line-1 { --stroke: var(--line-1); } .line-2 { --stroke: var(--line-2); }
.line-3 { --stroke: var(--line-3); } .line-4 { --stroke: var(--line-4); } .line-5 { --stroke: var(--line-5); }
.line-6 { --stroke: var(--line-6); } .line-7 { --stroke: var(--line-7); } .known { --stroke: var(--soft); }
.through { stroke: var(--stroke); stroke-width: 1.75; fill: none; stroke-linejoin: round; }
.dashed { stroke-dasharray: 5 4; stroke-width: 1.5; }
.bar { stroke: var(--stroke); stroke-width: 1.5; fill: none; }
.mark { fill: var(--stroke); stroke: var(--card); stroke-width: 1px; vector-effect: non-scaling-stroke; }
.open { fill: var(--card); stroke: var(--stroke); stroke-width: 1.75px; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: .6rem 0 .3rem; font-size: .88rem; }
.legend li { display: flex; align-items: center; gap: .45rem; }
.key { width: 24px; height: 16px; flex: none; overflow: visible; }

details { font-size: .88rem; }
summary { cursor: pointer; color: var(--link); padding: .35rem 0; }
.scrolls { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; min-width: 100%; }
th, td { text-align: right; padding: .25rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 500; }

@media (max-width: 40rem) {
  .verdicts li { flex-direction: column; align-items: flex-start; gap: .3rem; padding: .7rem .8rem; font-size: .9rem; }
  .verdicts .sign { width: 1.4rem; height: 1.4rem; }
  .totals { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .index li { grid-template-columns: minmax(0, 1fr); padding: .7rem .9rem; gap: .2rem; }
  .index .note { grid-column: auto; grid-row: 3; }
  .index .chips { justify-content: flex-start; padding-top: .2rem; }
  figure { padding: .85rem .8rem; }
  .claim { padding: 1.05rem .8rem .85rem; }
  .claim dl, .guide dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .claim dd, .guide dd { margin-bottom: .4rem; }
  .changes, .guide, .alarms { padding: .8rem .9rem; }
}
@media (min-width: 62rem) {  /* pictures are wider there, and their letters would be */
  svg text { font-size: 10px; }
}
@media print {
  :root { --page: #ffffff; font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  .skip, .back, details:not([open]) { display: none; }
  .claim, figure, .alarms, .index li, tr { break-inside: avoid; }
  h2, h3, figcaption { break-after: avoid; }
  .claims, .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .verdicts li, .verdict, .share, .side { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .scrolls { overflow: visible; }
}
"""
