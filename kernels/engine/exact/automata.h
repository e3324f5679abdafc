/* One-dimensional two-state cellular automata of radius 3: 64 lattices per word, one bit each. Part of every variant.
 *
 * A rule is a boolean function of seven neighbours, here a tree of choices between the sixteen functions of the last
 * two. Integers only, so the same everywhere; the loops are written for the compiler to vectorize.
 */
#include <stdlib.h>
#include <string.h>

#define RADIUS 3
#define GROUP 8          /* words of lattices that run, and settle, together: both states lie in the first-level cache */
#define STRETCH 64       /* words of a step whose functions of two neighbours are held at once */
#define FULL_VECTOR 8    /* words: steps are rounded up to whole vectors */

/* lo where s is 0, hi where it is 1. */
#define CHOOSE(s, lo, hi) ((lo) ^ ((s) & ((lo) ^ (hi))))
#define LEAF(k) two[leaf[k] + i]
#define TREE1(k) CHOOSE(right, LEAF(2 * (k)), LEAF(2 * (k) + 1))
#define TREE0(k) CHOOSE(own, TREE1(2 * (k)), TREE1(2 * (k) + 1))
#define TREE_1(k) CHOOSE(left, TREE0(2 * (k)), TREE0(2 * (k) + 1))
#define TREE_2(k) CHOOSE(left2, TREE_1(2 * (k)), TREE_1(2 * (k) + 1))
#define TREE_3() CHOOSE(left3, TREE_2(0), TREE_2(1))

/* The sixteen functions of a and b: bit 2 a + b of its number is a function's value. */
static void functions_of_two(size_t count, const uint64_t *a_at, const uint64_t *b_at, uint64_t *restrict two)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t a = a_at[i], b = b_at[i];
        two[0 * STRETCH + i] = 0;
        two[1 * STRETCH + i] = ~(a | b);
        two[2 * STRETCH + i] = ~a & b;
        two[3 * STRETCH + i] = ~a;
        two[4 * STRETCH + i] = a & ~b;
        two[5 * STRETCH + i] = ~b;
        two[6 * STRETCH + i] = a ^ b;
        two[7 * STRETCH + i] = ~(a & b);
        two[8 * STRETCH + i] = a & b;
        two[9 * STRETCH + i] = ~(a ^ b);
        two[10 * STRETCH + i] = b;
        two[11 * STRETCH + i] = ~a | b;
        two[12 * STRETCH + i] = a;
        two[13 * STRETCH + i] = a | ~b;
        two[14 * STRETCH + i] = a | b;
        two[15 * STRETCH + i] = ~(uint64_t)0;
    }
}

/* `count` words after one step; a cell's neighbours lie `width` words apart. leaf: STRETCH times a function of two. */
static void automaton_step(const uint32_t leaf[32], size_t width, size_t count, const uint64_t *in,
                           uint64_t *restrict out)
{
    _Alignas(64) uint64_t two[16 * STRETCH]; /* whole vectors, none over two cache lines, wherever the stack lies */
    for (size_t first = 0; first < count; first += STRETCH) {
        const size_t stretch = count - first < STRETCH ? count - first : STRETCH;
        const uint64_t *x = in + first;
        uint64_t *restrict y = out + first;
        functions_of_two(stretch, x + 2 * width, x + 3 * width, two);
        for (size_t i = 0; i < stretch; i++) {
            const uint64_t left3 = *(x - 3 * width + i), left2 = *(x - 2 * width + i), left = *(x - width + i);
            const uint64_t own = x[i], right = x[i + width];
            y[i] = TREE_3();
        }
    }
}

/* Writes the states [rules, cells, words] in which starts [cells, words] end after `steps`, for every rule [rules, 2],
 * and how many word-steps (cells times words times steps) were computed: lattices that have settled are left alone. */
static int automata(const struct axiom_automata *a)
{
    const size_t cells = (size_t)a->cells, words = (size_t)a->words;
    const size_t room = (cells + 2 * RADIUS) * GROUP + FULL_VECTOR;
    uint64_t *memory = calloc(2 * room, sizeof *memory);
    if (!memory) return AXIOM_NO_MEMORY;
    for (int64_t rule = 0; rule < a->rules; rule++) {
        uint32_t leaf[32];
        for (int k = 0; k < 32; k++) leaf[k] = STRETCH * (uint32_t)(a->rule[2 * rule + k / 16] >> 4 * (k % 16) & 15);
        uint64_t *final = a->states + (size_t)rule * cells * words;
        a->computed[rule] = 0;
        for (size_t word = 0; word < words; word += GROUP) {
            const size_t width = words - word < GROUP ? words - word : GROUP, halo = RADIUS * width;
            const size_t count = cells * width, whole = (count + FULL_VECTOR - 1) / FULL_VECTOR * FULL_VECTOR;
            uint64_t *now = memory + halo, *next = memory + room + halo;
            for (size_t cell = 0; cell < cells; cell++)
                memcpy(now + cell * width, a->starts + cell * words + word, width * sizeof *now);
            for (int64_t step = 0; step < a->steps; step++) {
                memcpy(now - halo, now + count - halo, halo * sizeof *now);
                memcpy(now + count, now, halo * sizeof *now);
                automaton_step(leaf, width, whole, now, next);
                a->computed[rule] += (int64_t)count;
                uint64_t *before = now;
                now = next, next = before;
                if (!memcmp(now, next, count * sizeof *now)) break;
            }
            for (size_t cell = 0; cell < cells; cell++)
                memcpy(final + cell * words + word, now + cell * width, width * sizeof *now);
        }
    }
    free(memory);
    return 0;
}
