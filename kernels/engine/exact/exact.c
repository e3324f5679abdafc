/* The exact engine: multilayer perceptrons trained in one fixed order of operations, so every host gets the same bits.
 *
 * Built once per instruction set (vec.h). One network trains all steps of a call before the next one starts: its
 * weights, activations and gradients stay in cache.
 *
 * Layout. Hidden activations are [sample][feature], rows padded to GRAIN, and lanes are features; outputs are
 * [output][sample] and lanes are samples, since ten classes would fill no register. Lanes past a width hold numbers
 * that are computed but never read as a factor of a sum. All products are one register-blocked kernel (`tile`) on other
 * operands, where the first is read number by number and the second register by register:
 *     hidden layer     out[s][o]   = b[o] + sum_i in[s][i] W[o][i]      (W turned, panel by panel)
 *     output layer     out[o][s]   = b[o] + sum_i W[o][i] in[s][i]      (in turned)
 *     input gradient   below[s][i] =        sum_o delta[s][o] W[o][i]
 *     weight gradient  G[o][i]     =        sum_s delta[s][o] in[s][i]
 *
 * The order of every sum:
 *   - products: sequential, k = 0, 1, 2 ... from the bias (forward) or from +0 (gradients), a fused multiply-add each.
 *     A minibatch passes in chunks of CHUNK samples; a weight gradient's sum goes on where the last chunk left it.
 *   - bias gradients: four sums, over the samples s = j mod 4 ascending from +0; then (0 + 1) + (2 + 3).
 *   - softmax denominators and losses over outputs: sequential, output 0 first. A data set's loss: float32 per sample,
 *     added in double, sample 0 first.
 * None depends on a register's width, on the block of cells, or on how steps are split into calls.
 *
 * NaN payloads and signs do differ between processors: what leaves this file carries the one quiet NaN 0x7fc00000.
 */
#include "exact.h"
#include "automata.h"
#include "mathf.h"
#include "philox.h"
#include "vec.h"

#include <stdlib.h>

#define CHUNK 128 /* samples that pass through the network together: bounds memory, keeps activations in cache */
#define PANEL 32  /* outputs whose weights are turned together */
#define ALONG (CHUNK + GRAIN) /* floats from one feature to the next where samples lie along: see stride() */
#define PURPOSE_DROPOUT 6 /* kernels.philox.Purpose.DROPOUT */

INLINE size_t padded(size_t n) { return (n + GRAIN - 1) / GRAIN * GRAIN; }

/* Floats from one row to the next: padded, and an odd number of cache lines for long rows, so that a column of partial
 * rows spreads over all sets of the cache. */
INLINE size_t stride(size_t n)
{
    size_t floats = padded(n);
    return floats >= 128 && floats / GRAIN % 2 == 0 ? floats + GRAIN : floats;
}

/* ---------------------------------------------------------------------------------------------- shape and workspace */

struct layer {
    size_t inputs, outputs;
    size_t in, out;         /* strides of its inputs and outputs */
    size_t weights, biases; /* where they begin in a padded row: weights [outputs][in], biases [padded outputs] */
    size_t source;          /* where they begin in the caller's row */
};

struct shape {
    int layers, activation, loss;
    struct layer layer[MAX_LAYERS];
    size_t row;       /* floats of a padded parameter row */
    size_t parameters; /* floats of the caller's */
    size_t widest;    /* the longest stride of any layer's inputs or outputs */
};

static struct shape shape_of(const struct axiom_network *n)
{
    struct shape shape = {.layers = n->layers, .activation = n->activation, .loss = n->loss};
    for (int l = 0; l < n->layers; l++) {
        struct layer *at = &shape.layer[l];
        at->inputs = (size_t)n->sizes[l];
        at->outputs = (size_t)n->sizes[l + 1];
        at->in = stride(at->inputs);
        at->out = stride(at->outputs);
        at->weights = shape.row;
        at->biases = at->weights + padded(at->outputs) * at->in;
        at->source = shape.parameters;
        shape.row = at->biases + at->out;
        shape.parameters += (at->inputs + 1) * at->outputs;
        if (at->in > shape.widest) shape.widest = at->in;
        if (at->out > shape.widest) shape.widest = at->out;
    }
    return shape;
}

/* The memory of one call: padded rows of one cell's state, and one chunk's activations. */
struct space {
    void *memory;
    float *params, *moments[2], *mask, *grads; /* [row] */
    float *sums;                             /* [4][row]: bias gradients' partial sums, where the biases lie */
    float *x, *y;                            /* [CHUNK][stride]: inputs; targets, if not read from rows_y */
    const float *target[CHUNK];              /* each sample's targets */
    float *out[MAX_LAYERS];                  /* [CHUNK][stride]: each hidden layer's outputs */
    float *factor[MAX_LAYERS];               /* [CHUNK][stride]: dropout's factors, then derivatives */
    float *outputs, *targets;                /* [padded outputs][ALONG]: the last layer's, and what they should be */
    float *delta[2];                         /* [CHUNK][widest]: gradients at a layer's sums, and below */
    float *turned;                           /* [widest][ALONG], in delta[1]'s place: forward only */
    float *panel;                            /* [widest][PANEL]: turned weights */
    float *rows_x, *rows_y;                  /* [samples][stride]: a task, sample by sample, or NULL */
};

/* Hands out `count` floats on a cache line of their own; with no base it only adds up what is needed. */
static float *carve(char *base, size_t *used, size_t count)
{
    float *found = base ? (float *)(base + *used) : NULL;
    *used += (count * sizeof(float) + 63) / 64 * 64;
    return found;
}

static size_t lay_out(struct space *w, const struct shape *shape, size_t rows, char *base)
{
    const struct layer *first = &shape->layer[0], *last = &shape->layer[shape->layers - 1];
    size_t used = 0;
    w->params = carve(base, &used, shape->row);
    w->moments[0] = carve(base, &used, shape->row);
    w->moments[1] = carve(base, &used, shape->row);
    w->mask = carve(base, &used, shape->row);
    w->grads = carve(base, &used, shape->row);
    w->sums = carve(base, &used, 4 * shape->row);
    w->x = carve(base, &used, CHUNK * first->in);
    w->y = carve(base, &used, CHUNK * last->out);
    for (int l = 0; l < shape->layers - 1; l++) {
        w->out[l] = carve(base, &used, CHUNK * shape->layer[l].out);
        w->factor[l] = carve(base, &used, CHUNK * shape->layer[l].out);
    }
    w->outputs = carve(base, &used, ALONG * padded(last->outputs));
    w->targets = carve(base, &used, ALONG * padded(last->outputs));
    w->delta[0] = carve(base, &used, CHUNK * shape->widest);
    w->delta[1] = w->turned = carve(base, &used, ALONG * shape->widest);
    w->panel = carve(base, &used, shape->widest * PANEL);
    w->rows_x = carve(base, &used, rows * first->in);
    w->rows_y = carve(base, &used, rows * last->out);
    return used;
}

/* Zeroed memory for a call, `rows` samples of a task among it. */
static int open_space(struct space *w, const struct shape *shape, size_t rows)
{
    size_t size = lay_out(w, shape, rows, NULL) + 64;
    w->memory = calloc(size, 1);
    if (!w->memory) return AXIOM_NO_MEMORY;
    lay_out(w, shape, rows, (char *)(((uintptr_t)w->memory + 63) / 64 * 64));
    return 0;
}

static uint32_t canonical(uint32_t bits) { return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : bits; }

/* Copies floats out of this file. */
static void leave(float *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, from + i, sizeof bits);
        bits = canonical(bits);
        memcpy(to + i, &bits, sizeof bits);
    }
}

/* The caller's parameter row into a padded one, and back. */
static void unpack(const struct shape *shape, const float *from, float *to)
{
    for (int l = 0; l < shape->layers; l++) {
        const struct layer *at = &shape->layer[l];
        const float *row = from + at->source;
        for (size_t o = 0; o < at->outputs; o++, row += at->inputs)
            memcpy(to + at->weights + o * at->in, row, at->inputs * sizeof(float));
        memcpy(to + at->biases, row, at->outputs * sizeof(float));
    }
}

static void pack(const struct shape *shape, const float *from, float *to)
{
    for (int l = 0; l < shape->layers; l++) {
        const struct layer *at = &shape->layer[l];
        float *row = to + at->source;
        for (size_t o = 0; o < at->outputs; o++, row += at->inputs)
            leave(row, from + at->weights + o * at->in, at->inputs);
        leave(row, from + at->biases, at->outputs);
    }
}

/* dst[j][i] = src[i][j] for i < rows, j < columns; reads and writes nothing else. */
static void turn(const float *src, size_t from, size_t rows, size_t columns, float *dst, size_t to)
{
    size_t full_rows = rows / 16 * 16, full_columns = columns / 16 * 16;
    for (size_t j = 0; j < full_columns; j += 16)
        for (size_t i = 0; i < full_rows; i += 16) transpose16(src + i * from + j, from, dst + j * to + i, to);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = i < full_rows ? full_columns : 0; j < columns; j++) dst[j * to + i] = src[i * from + j];
}

/* --------------------------------------------------------------------------------------------- optimizers and masks */

/* One step's update of parameters from their gradients, a tile or a row of biases at a time. */
struct rule {
    int method;
    float rate, l2, shrink; /* shrink = -rate * decay */
    float momentum, beta1, beta2, rest1, rest2, epsilon;
    float rate1, over2; /* Adam's rate / (1 - beta1^t) and 1 / (1 - beta2^t) */
    float *params, *moments[2];
    const float *mask; /* NULL: none */
};

/* g += l2 p; p -= rate decay p; the method; the mask last. Zero decays are left out, so that a cell without decay has
 * the same bits (signs of zeros, infinities) whether or not its neighbours have some. */
INLINE void update_vec(const struct rule *u, const int method, const int plain, size_t at, vec g)
{
    vec p = v_load(u->params + at), v, s, size;
    if (!plain) {
        if (u->l2 != 0.0f) g = v_fma(v_set(u->l2), p, g);
        if (u->shrink != 0.0f) p = v_fma(v_set(u->shrink), p, p);
    }
    switch (method) {
    case SGD:
        p = v_fma(v_set(-u->rate), g, p);
        break;
    case MOMENTUM:
        v = v_fma(v_set(u->momentum), v_load(u->moments[0] + at), g);
        v_store(u->moments[0] + at, v);
        p = v_fma(v_set(-u->rate), v, p);
        break;
    default: /* ADAM */
        v = v_fma(v_set(u->rest1), g, v_mul(v_set(u->beta1), v_load(u->moments[0] + at)));
        s = v_fma(v_mul(v_set(u->rest2), g), g, v_mul(v_set(u->beta2), v_load(u->moments[1] + at)));
        v_store(u->moments[0] + at, v);
        v_store(u->moments[1] + at, s);
        size = v_add(v_sqrt(v_mul(s, v_set(u->over2))), v_set(u->epsilon));
        p = v_sub(p, v_div(v_mul(v_set(u->rate1), v), size));
    }
    if (!plain && u->mask) p = v_select(v_gt(v_load(u->mask + at), v_set(0.0f)), p, v_set(0.0f));
    v_store(u->params + at, p);
}

INLINE void update_rows(const struct rule *u, const int method, const int plain, size_t at, size_t stride,
                        const float *g, size_t g_row, size_t rows, size_t columns)
{
    const struct rule own = *u; /* a copy that no store below can change: it stays in registers */
    for (size_t r = 0; r < rows; r++)
        for (size_t n = 0; n < columns; n += LANES)
            update_vec(&own, method, plain, at + r * stride + n, v_load(g + r * g_row + n));
}

/* Momentum without decays or mask, the most common rule: `tile` itself applies it, to gradients still in registers. */
INLINE int is_plain(const struct rule *u)
{
    return u->method == MOMENTUM && u->l2 == 0.0f && u->shrink == 0.0f && !u->mask;
}

/* Updates params[at + r stride + n] from g[r][n] for r < rows, n < columns (a multiple of LANES). */
static void update(const struct rule *u, size_t at, size_t stride, const float *g, size_t g_row, size_t rows,
                   size_t columns)
{
    if (u->method == MOMENTUM) update_rows(u, MOMENTUM, 0, at, stride, g, g_row, rows, columns);
    else if (u->method == SGD) update_rows(u, SGD, 0, at, stride, g, g_row, rows, columns);
    else update_rows(u, ADAM, 0, at, stride, g, g_row, rows, columns);
}

/* ------------------------------------------------------------------------------------------------------ the product */

enum finish {
    STORE,
    RECTIFY, /* max(0, c); NaN stays NaN */
    GATE,    /* c where gate > 0, else 0: relu's slope */
    MOVE     /* nothing is stored: c is a gradient that moves parameters by a plain rule */
};

/* c[r][n] = finish(start[r][n] + sum_k a[r][k] b[k][n]), k ascending, each term one fused multiply-add. */
struct tile {
    size_t depth; /* terms of the sum */
    const float *a;
    size_t a_row, a_k;
    const float *b;
    size_t b_k;
    const float *start; /* NULL: +0 */
    size_t start_row;   /* 0: the same for every row */
    float *c;
    size_t c_row;
    const float *gate;
    size_t gate_row;
    enum finish finish;
    const struct rule *rule; /* not NULL: c is a gradient, used at once to update the parameters from `home` on */
    size_t home, home_row;
};

/* `rows` x `vecs` accumulators in registers. Rows are written out so that any compiler keeps them there; what is past
 * the constants `rows` and `vecs` vanishes. Row r of a is reached from one of four pointers, three rows each, because
 * a processor adds one scaled register to an address, not a product. */
INLINE void tile(const int rows, const int vecs, const struct tile *t)
{
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define EACH_VEC(r, DO) DO(r, 0) DO(r, 1) DO(r, 2) DO(r, 3)
    vec acc[12][4], b[4], factor;
    const vec zero = v_set(0.0f);
    const size_t a_row = t->a_row, a_k = t->a_k, b_k = t->b_k, c_row = t->c_row;
    const float *pb = t->b;
    float *const c = t->c;
    size_t k = t->depth;

#define ZERO(r, v) if (r < rows && v < vecs) acc[r][v] = zero;
#define ZERO_ROW(r) EACH_VEC(r, ZERO)
#define START(r, v) if (r < rows && v < vecs) acc[r][v] = v_load(start + r * start_row + v * LANES);
#define START_ROW(r) EACH_VEC(r, START)
    const float *const start = t->start;
    const size_t start_row = t->start_row;
    if (start) {
        EACH_ROW(START_ROW)
    } else {
        EACH_ROW(ZERO_ROW)
    }

#define OPERAND(r, v) if (v < vecs) b[v] = v_load(pb + v * LANES);
#define TERM(r, v) if (v < vecs) acc[r][v] = v_fma(factor, b[v], acc[r][v]);
#define TERMS_BESIDE(r) if (r < rows) { factor = v_set(a0[r]); EACH_VEC(r, TERM) }
#define NEAREST(r) (r < 3 ? a0 : r < 6 ? a1 : r < 9 ? a2 : a3)
#define TERMS_APART(r) if (r < rows) { factor = v_set(NEAREST(r)[r % 3 * a_row]); EACH_VEC(r, TERM) }
    const float *a0 = t->a;
    if (a_row == 1) {
        for (; k > 0; k--, a0 += a_k, pb += b_k) {
            EACH_VEC(0, OPERAND)
            EACH_ROW(TERMS_BESIDE)
        }
    } else { /* a_k is 1 */
        const float *a1 = rows > 3 ? a0 + 3 * a_row : a0, *a2 = rows > 6 ? a1 + 3 * a_row : a0;
        const float *a3 = rows > 9 ? a2 + 3 * a_row : a0;
        for (; k > 0; k--, a0++, a1++, a2++, a3++, pb += b_k) {
            EACH_VEC(0, OPERAND)
            EACH_ROW(TERMS_APART)
        }
    }

#define RECTIFY_ONE(r, v) if (r < rows && v < vecs) acc[r][v] = v_max(zero, acc[r][v]);
#define RECTIFY_ROW(r) EACH_VEC(r, RECTIFY_ONE)
#define OPEN(r, v) v_gt(v_load(gate + r * gate_row + v * LANES), zero)
#define GATE_ONE(r, v) if (r < rows && v < vecs) acc[r][v] = v_select(OPEN(r, v), acc[r][v], zero);
#define GATE_ROW(r) EACH_VEC(r, GATE_ONE)
    const float *const gate = t->gate;
    const size_t gate_row = t->gate_row;
    if (t->finish == RECTIFY) {
        EACH_ROW(RECTIFY_ROW)
    } else if (t->finish == GATE) {
        EACH_ROW(GATE_ROW)
    }

#define MOVE_ONE(r, v) \
    if (r < rows && v < vecs) update_vec(&own, MOMENTUM, 1, home + r * home_row + v * LANES, acc[r][v]);
#define MOVE_ROW(r) EACH_VEC(r, MOVE_ONE)
    if (t->finish == MOVE) {
        const struct rule own = *t->rule;
        const size_t home = t->home, home_row = t->home_row;
        EACH_ROW(MOVE_ROW)
        return;
    }

#define KEEP(r, v) if (r < rows && v < vecs) v_store(c + r * c_row + v * LANES, acc[r][v]);
#define KEEP_ROW(r) EACH_VEC(r, KEEP)
    EACH_ROW(KEEP_ROW)
}

#define TILE(rows, vecs) \
    NOINLINE void tile_##rows##_##vecs(const struct tile *t) { tile(rows, vecs, t); }
typedef void (*tile_function)(const struct tile *);

#if ROWS == 12
#define EACH_SIZE(DO, vecs) DO(1, vecs) DO(2, vecs) DO(3, vecs) DO(4, vecs) DO(5, vecs) DO(6, vecs) \
    DO(7, vecs) DO(8, vecs) DO(9, vecs) DO(10, vecs) DO(11, vecs) DO(12, vecs)
#elif ROWS == 6
#define EACH_SIZE(DO, vecs) DO(1, vecs) DO(2, vecs) DO(3, vecs) DO(4, vecs) DO(5, vecs) DO(6, vecs)
#else
#define EACH_SIZE(DO, vecs) DO(1, vecs) DO(2, vecs) DO(3, vecs)
#endif
#define NAME(rows, vecs) tile_##rows##_##vecs,

/* The kernel for a block of `rows` x columns, which are VECS registers or, at a right edge, those of one GRAIN. */
#if VECS == 2
EACH_SIZE(TILE, 2)
static const tile_function FULL[] = {EACH_SIZE(NAME, 2)};
#else
EACH_SIZE(TILE, 4)
static const tile_function FULL[] = {EACH_SIZE(NAME, 4)};
#endif
#if VECS * LANES > GRAIN
EACH_SIZE(TILE, 1)
static const tile_function EDGE[] = {EACH_SIZE(NAME, 1)};
#else
#define EDGE FULL /* GRAIN is a multiple of VECS registers: there is no edge */
#endif

/* A whole product by tiles; t describes its first element. `columns` is a multiple of GRAIN. Rows are shared out
 * evenly, since a tile of a few rows has too few sums under way to hide the latency of its operations. */
static void product(const struct tile *t, size_t rows, size_t columns)
{
    float gradients[ROWS * VECS * LANES];
    const size_t tiles = (rows + ROWS - 1) / ROWS;
    if (!tiles) return;
    const size_t least = rows / tiles, longer = rows % tiles;
    for (size_t n = 0; n < columns; n += VECS * LANES) {
        const size_t width = columns - n < VECS * LANES ? columns - n : VECS * LANES;
        const tile_function *const kernels = width == VECS * LANES ? FULL : EDGE;
        struct tile at = *t;
        at.b += n;
        at.c += n;
        at.home += n;
        if (at.start) at.start += n;
        if (at.gate) at.gate += n;
        if (at.rule) {
            at.finish = is_plain(at.rule) ? MOVE : STORE;
            at.c = gradients;
            at.c_row = VECS * LANES;
        }
        for (size_t i = 0; i < tiles; i++) {
            const size_t height = least + (i < longer);
            kernels[height - 1](&at);
            at.a += height * at.a_row;
            if (at.start) at.start += height * at.start_row;
            if (at.gate) at.gate += height * at.gate_row;
            if (at.rule) {
                if (at.finish != MOVE) update(at.rule, at.home, at.home_row, gradients, at.c_row, height, width);
                at.home += height * at.home_row;
            } else {
                at.c += height * at.c_row;
            }
        }
    }
}

/* ----------------------------------------------------------------------------------------------------- forward pass */

INLINE vec activate(const int activation, vec a)
{
    return activation == TANH ? v_tanh(a) : activation == SIGMOID ? v_sigmoid(a) : a; /* relu is the product's finish */
}

/* The derivative of a hidden activation, from its output. */
INLINE vec slope(const int activation, vec a)
{
    const vec one = v_set(1.0f);
    if (activation == RELU) return v_select(v_gt(a, v_set(0.0f)), one, v_set(0.0f));
    if (activation == TANH) return v_fma(v_sub(v_set(0.0f), a), a, one);
    return activation == SIGMOID ? v_mul(a, v_sub(one, a)) : one;
}

/* A hidden layer: out[s][o] = b[o] + sum_i in[s][i] W[o][i], i ascending; relu if asked. */
static void hidden_product(struct space *w, const struct layer *at, const float *in, float *out, size_t samples,
                           int relu)
{
    const size_t width = padded(at->outputs);
    for (size_t o = 0; o < width; o += PANEL) {
        const size_t columns = width - o < PANEL ? width - o : PANEL;
        turn(w->params + at->weights + o * at->in, at->in, columns, padded(at->inputs), w->panel, PANEL);
        struct tile t = {
            .depth = at->inputs, .a = in, .a_row = at->in, .a_k = 1, .b = w->panel, .b_k = PANEL,
            .start = w->params + at->biases + o, .c = out + o, .c_row = at->out, .finish = relu ? RECTIFY : STORE,
        };
        product(&t, samples, columns);
    }
}

/* The output layer: outputs[o][s] = b[o] + sum_i W[o][i] in[s][i], i ascending. */
static void output_product(struct space *w, const struct layer *at, const float *in, size_t samples)
{
    const size_t columns = padded(samples);
    turn(in, at->in, columns, padded(at->inputs), w->turned, ALONG);
    for (size_t o = 0; o < at->outputs; o++)
        for (size_t s = 0; s < columns; s += LANES)
            v_store(w->outputs + o * ALONG + s, v_set(w->params[at->biases + o]));
    struct tile t = {
        .depth = at->inputs, .a = w->params + at->weights, .a_row = at->in, .a_k = 1, .b = w->turned, .b_k = ALONG,
        .start = w->outputs, .start_row = ALONG, .c = w->outputs, .c_row = ALONG,
    };
    product(&t, at->outputs, columns);
}

/* Draws dropout's factors of a hidden layer for samples first .. first + count - 1 of a minibatch of `all`: word
 * (unit * all + sample) of the step's stream, 0 below the threshold and 1 / (1 - p) from it on. A whole minibatch is
 * one run of words. */
static void draw(struct space *w, const struct layer *at, const struct stream *stream, float p, size_t first,
                 size_t count, size_t all, float *factor)
{
    const uint32_t threshold = (uint32_t)((double)p * 4294967296.0);
    const float scale = 1.0f / (1.0f - p);
    const size_t runs = count == all ? 1 : at->outputs, run = at->outputs / runs * count;
    const size_t apart = count == all ? count : ALONG;
    for (size_t r = 0; r < runs; r++) {
        float *row = w->turned + r * apart;
        philox_words(stream, (uint64_t)r * all + first, run, row);
        for (size_t i = 0; i < run; i++) {
            uint32_t word;
            memcpy(&word, row + i, sizeof word);
            row[i] = word >= threshold ? scale : 0.0f;
        }
    }
    turn(w->turned, apart, padded(at->outputs), padded(count), factor, at->out);
}

/* Applies tanh or the logistic function, then dropout; with dropout, turns its factors into derivatives. */
INLINE void hidden(const int activation, const struct layer *at, float *out, float *factor, size_t samples)
{
    const size_t width = padded(at->outputs);
    if (!factor) { /* a loop of its own: no compiler turns `if` into masked loads from NULL, which QEMU 7 faults on */
        for (size_t s = 0; s < samples; s++)
            for (size_t n = 0; n < width; n += LANES) {
                float *const o = out + s * at->out + n;
                v_store(o, activate(activation, v_load(o)));
            }
        return;
    }
    for (size_t s = 0; s < samples; s++)
        for (size_t n = 0; n < width; n += LANES) {
            const size_t i = s * at->out + n;
            const vec a = activate(activation, v_load(out + i)), f = v_load(factor + i);
            v_store(out + i, v_mul(a, f));
            v_store(factor + i, v_mul(slope(activation, a), f));
        }
}

static void finish_hidden(int activation, const struct layer *at, float *out, float *factor, size_t samples)
{
    switch (activation) {
    case RELU:
        if (factor) hidden(RELU, at, out, factor, samples);
        break;
    case TANH:
        hidden(TANH, at, out, factor, samples);
        break;
    case SIGMOID:
        hidden(SIGMOID, at, out, factor, samples);
        break;
    default:
        if (factor) hidden(LINEAR, at, out, factor, samples);
    }
}

/* What a training step's dropout needs to know of its minibatch. */
struct drop {
    struct stream stream;
    float probability;
    size_t first, all;
};

/* Runs the chunk in w->x up to layer `last`, filling w->out or, for the output layer, w->outputs. */
static void forward(struct space *w, const struct shape *shape, size_t samples, int last, struct drop *drop)
{
    const float *in = w->x;
    for (int l = 0; l <= last && l < shape->layers - 1; in = w->out[l], l++) {
        const struct layer *at = &shape->layer[l];
        hidden_product(w, at, in, w->out[l], samples, shape->activation == RELU);
        if (drop) {
            drop->stream.at[1] = (uint32_t)l;
            draw(w, at, &drop->stream, drop->probability, drop->first, samples, drop->all, w->factor[l]);
        }
        finish_hidden(shape->activation, at, w->out[l], drop ? w->factor[l] : NULL, samples);
    }
    if (last == shape->layers - 1) output_product(w, &shape->layer[last], in, samples);
}

/* ----------------------------------------------------------------------------------------------------------- losses */

/* Softmax over the outputs o[output][ALONG] of `samples` samples, in place: e^(o - max) / sum, summed from output 0 on.
 * SIDE registers of samples go side by side, to fill the time that one waits for its sum. */
static void softmax(float *o, size_t outputs, size_t samples)
{
    enum { SIDE = 32 / LANES };
    for (size_t first = 0; first < samples; first += 32) {
        vec most[SIDE], sum[SIDE];
        for (size_t j = 0; j < SIDE; j++) {
            most[j] = v_load(o + first + j * LANES);
            sum[j] = v_set(0.0f);
        }
        for (size_t n = 1; n < outputs; n++)
            for (size_t j = 0; j < SIDE; j++) most[j] = v_max(v_load(o + n * ALONG + first + j * LANES), most[j]);
        for (size_t n = 0; n < outputs; n++)
            for (size_t j = 0; j < SIDE; j++) {
                float *at = o + n * ALONG + first + j * LANES;
                const vec e = v_exp(v_sub(v_load(at), most[j]));
                v_store(at, e);
                sum[j] = v_add(sum[j], e);
            }
        for (size_t j = 0; j < SIDE; j++) sum[j] = v_div(v_set(1.0f), sum[j]);
        for (size_t n = 0; n < outputs; n++)
            for (size_t j = 0; j < SIDE; j++) {
                float *at = o + n * ALONG + first + j * LANES;
                v_store(at, v_mul(v_load(at), sum[j]));
            }
    }
}

/* What the loss compares with the targets, in place of the outputs. */
static void predict(const struct shape *shape, float *o, size_t samples)
{
    const size_t outputs = shape->layer[shape->layers - 1].outputs;
    if (shape->loss == SOFTMAX) softmax(o, outputs, samples);
    if (shape->loss != BINARY) return;
    for (size_t n = 0; n < outputs; n++)
        for (size_t s = 0; s < samples; s += LANES) v_store(o + n * ALONG + s, v_sigmoid(v_load(o + n * ALONG + s)));
}

/* delta[s][o] = (prediction - y) / all: the gradient, at the outputs of this chunk, of the mean loss over `all`. */
static void output_gradient(struct space *w, const struct shape *shape, size_t samples, size_t all)
{
    const struct layer *at = &shape->layer[shape->layers - 1];
    const vec over = v_set(1.0f / (float)all);
    float *delta = w->delta[0];
    predict(shape, w->outputs, samples);
    turn(w->outputs, ALONG, padded(at->outputs), padded(samples), delta, at->out);
    for (size_t s = 0; s < samples; s++)
        for (size_t n = 0; n < padded(at->outputs); n += LANES) {
            const size_t i = s * at->out + n;
            v_store(delta + i, v_mul(v_sub(v_load(delta + i), v_load(w->target[s] + n)), over));
        }
}

/* The losses of LANES samples, o and y [output][ALONG], and whether each prediction is right (1 or 0). A NaN is never
 * the larger of two. */
INLINE vec losses(const int loss, const float *o, const float *y, size_t outputs, vec *right)
{
    const vec zero = v_set(0.0f), one = v_set(1.0f);
    vec total = zero;
    if (loss == SOFTMAX) { /* -sum_n y (o - max - log sum e^(o - max)) */
        vec most = v_load(o), most_y = v_load(y), which = zero, which_y = zero, sum = zero;
        for (size_t n = 1; n < outputs; n++) {
            const vec a = v_load(o + n * ALONG), b = v_load(y + n * ALONG), here = v_set((float)n);
            which = v_select(v_gt(a, most), here, which);
            which_y = v_select(v_gt(b, most_y), here, which_y);
            most = v_max(a, most);
            most_y = v_max(b, most_y);
        }
        for (size_t n = 0; n < outputs; n++) sum = v_add(sum, v_exp(v_sub(v_load(o + n * ALONG), most)));
        const vec log_sum = v_log(sum);
        for (size_t n = 0; n < outputs; n++)
            total = v_fma(v_load(y + n * ALONG), v_sub(v_sub(v_load(o + n * ALONG), most), log_sum), total);
        const vec unequal = v_max(v_sub(which, which_y), v_sub(which_y, which));
        *right = v_select(v_gt(unequal, zero), zero, one);
        return v_sub(zero, total);
    }
    *right = loss == BINARY ? one : zero;
    for (size_t n = 0; n < outputs; n++) {
        const vec a = v_load(o + n * ALONG), b = v_load(y + n * ALONG);
        if (loss == SQUARED) {
            const vec difference = v_sub(a, b);
            total = v_fma(v_mul(v_set(0.5f), difference), difference, total);
            continue;
        }
        /* max(o, 0) - o y + log(1 + e^-|o|) */
        const vec size = v_max(a, v_sub(zero, a));
        const vec smooth = v_log1p(v_exp(v_sub(zero, size)));
        total = v_add(total, v_add(v_fma(v_sub(zero, a), b, v_max(zero, a)), smooth));
        const vec above = v_select(v_gt(a, zero), one, zero), wanted = v_select(v_gt(b, v_set(0.5f)), one, zero);
        const vec off = v_sub(above, wanted);
        *right = v_select(v_gt(v_mul(off, off), zero), zero, *right);
    }
    return total;
}

/* Adds up the losses of a chunk and counts its right predictions. */
static void score(struct space *w, const struct shape *shape, size_t samples, double *loss, int64_t *correct)
{
    const struct layer *at = &shape->layer[shape->layers - 1];
    float each[CHUNK], right[CHUNK];
    turn(w->y, at->out, padded(samples), padded(at->outputs), w->targets, ALONG);
    for (size_t s = 0; s < samples; s += LANES) {
        const float *o = w->outputs + s, *y = w->targets + s;
        vec ok, sum;
        if (shape->loss == SOFTMAX) sum = losses(SOFTMAX, o, y, at->outputs, &ok);
        else if (shape->loss == BINARY) sum = losses(BINARY, o, y, at->outputs, &ok);
        else sum = losses(SQUARED, o, y, at->outputs, &ok);
        v_store(each + s, sum);
        v_store(right + s, ok);
    }
    for (size_t s = 0; s < samples; s++) {
        *loss += (double)each[s];
        *correct += right[s] > 0.0f;
    }
}

/* ---------------------------------------------------------------------------------------------------- backward pass */

/* sums[j][o] += delta[s][o] for s = j mod 4, ascending; `vecs` registers of outputs. */
INLINE void bias_sums_of(const int vecs, const float *delta, size_t stride, size_t samples, float *sums, size_t row)
{
    vec sum[4][2];
    for (size_t j = 0; j < 4; j++)
        for (int v = 0; v < vecs; v++) sum[j][v] = v_load(sums + j * row + v * LANES);
    for (; samples >= 4; samples -= 4, delta += 4 * stride)
        for (size_t j = 0; j < 4; j++)
            for (int v = 0; v < vecs; v++) sum[j][v] = v_add(sum[j][v], v_load(delta + j * stride + v * LANES));
    for (size_t j = 0; j < samples; j++)
        for (int v = 0; v < vecs; v++) sum[j][v] = v_add(sum[j][v], v_load(delta + j * stride + v * LANES));
    for (size_t j = 0; j < 4; j++)
        for (int v = 0; v < vecs; v++) v_store(sums + j * row + v * LANES, sum[j][v]);
}

static void bias_sums(const float *delta, const struct layer *at, size_t samples, float *sums, size_t row)
{
    const size_t width = padded(at->outputs), even = width / (2 * LANES) * (2 * LANES);
    for (size_t n = 0; n < even; n += 2 * LANES) bias_sums_of(2, delta + n, at->out, samples, sums + n, row);
    for (size_t n = even; n < width; n += LANES) bias_sums_of(1, delta + n, at->out, samples, sums + n, row);
}

/* grads[o] = (sums[0][o] + sums[1][o]) + (sums[2][o] + sums[3][o]); clears the sums for the next step. */
static void bias_gradient(const struct layer *at, float *sums, size_t row, float *grads)
{
    for (size_t n = 0; n < padded(at->outputs); n += LANES) {
        float *s = sums + n;
        const vec low = v_add(v_load(s), v_load(s + row)), high = v_add(v_load(s + 2 * row), v_load(s + 3 * row));
        v_store(grads + n, v_add(low, high));
        for (size_t j = 0; j < 4; j++) v_store(s + j * row, v_set(0.0f));
    }
}

/* below[s][i] = sum_o delta[s][o] W[o][i], o ascending, times the derivative of the hidden unit i at sample s. */
static void input_gradient(struct space *w, const struct shape *shape, int l, const float *delta, float *below,
                           size_t samples, int dropped)
{
    const struct layer *at = &shape->layer[l];
    const size_t width = padded(at->inputs);
    const int gated = shape->activation == RELU && !dropped;
    struct tile t = {
        .depth = at->outputs, .a = delta, .a_row = at->out, .a_k = 1, .b = w->params + at->weights, .b_k = at->in,
        .c = below, .c_row = at->in, .gate = gated ? w->out[l - 1] : NULL, .gate_row = at->in,
        .finish = gated ? GATE : STORE,
    };
    product(&t, samples, width);
    if (gated || (shape->activation == LINEAR && !dropped)) return;
    for (size_t s = 0; s < samples; s++)
        for (size_t n = 0; n < width; n += LANES) {
            const size_t i = s * at->in + n;
            const vec a = v_load(w->out[l - 1] + i);
            const vec derivative = dropped                     ? v_load(w->factor[l - 1] + i)
                                   : shape->activation == TANH ? slope(TANH, a)
                                                               : slope(SIGMOID, a);
            v_store(below + i, v_mul(v_load(below + i), derivative));
        }
}

/* Back from w->delta[0]: adds a chunk to the gradients or, with rules, finishes them and updates the parameters, each
 * layer after its weights have carried the gradient down. */
static void backward(struct space *w, const struct shape *shape, size_t samples, int first,
                     const struct rule *weight_rule, const struct rule *bias_rule, int dropped)
{
    float *delta = w->delta[0], *below = w->delta[1];
    for (int l = shape->layers - 1; l >= 0; l--) {
        const struct layer *at = &shape->layer[l];
        const float *in = l ? w->out[l - 1] : w->x;
        bias_sums(delta, at, samples, w->sums + at->biases, shape->row);
        if (l) input_gradient(w, shape, l, delta, below, samples, dropped);
        float *grads = w->grads + at->weights;
        struct tile t = {
            .depth = samples, .a = delta, .a_row = 1, .a_k = at->out, .b = in, .b_k = at->in,
            .start = first ? NULL : grads, .start_row = at->in, .c = grads, .c_row = at->in,
            .rule = weight_rule, .home = at->weights, .home_row = at->in,
        };
        product(&t, at->outputs, padded(at->inputs));
        if (bias_rule) {
            bias_gradient(at, w->sums + at->biases, shape->row, w->grads + at->biases);
            update(bias_rule, at->biases, 0, w->grads + at->biases, 0, 1, padded(at->outputs));
        }
        float *swap = delta;
        delta = below;
        below = swap;
    }
}

/* -------------------------------------------------------------------------------------------------------- the calls */

/* Where a cell's samples come from. */
struct source {
    const float *x, *y; /* [feature][samples] */
    size_t samples;
    const int32_t *order; /* of the minibatch; NULL: as they stand */
};

static struct source source_of(const struct axiom_data *d, const struct shape *shape, int64_t cell)
{
    const size_t task = (size_t)d->task[cell], samples = (size_t)d->samples;
    return (struct source){
        .x = d->x + task * shape->layer[0].inputs * samples,
        .y = d->y + task * shape->layer[shape->layers - 1].outputs * samples,
        .samples = samples,
    };
}

/* rows[s][f] = from[f][order[first + s]] for s < count. */
static void pick(const float *from, const struct source *source, size_t features, size_t first, size_t count,
                 float *rows, size_t stride)
{
    if (!source->order) {
        turn(from + first, source->samples, features, count, rows, stride);
        return;
    }
    for (size_t f = 0; f < features; f++, from += source->samples)
        for (size_t s = 0; s < count; s++) rows[s * stride + f] = from[source->order[first + s]];
}

/* A chunk of a minibatch into w->x and w->target: whole rows where the task lies sample by sample. */
static void fetch(struct space *w, const struct shape *shape, const struct source *source, int turned, size_t first,
                  size_t count)
{
    const struct layer *in = &shape->layer[0], *out = &shape->layer[shape->layers - 1];
    if (!turned) {
        pick(source->x, source, in->inputs, first, count, w->x, in->in);
        pick(source->y, source, out->outputs, first, count, w->y, out->out);
        for (size_t s = 0; s < count; s++) w->target[s] = w->y + s * out->out;
        return;
    }
    for (size_t s = 0; s < count; s++) {
        const size_t from = source->order ? (size_t)source->order[first + s] : first + s;
        const float *row = w->rows_x + from * in->in;
        w->target[s] = w->rows_y + from * out->out;
        for (size_t n = 0; n < padded(in->inputs); n += LANES) v_store(w->x + s * in->in + n, v_load(row + n));
    }
}

/* The gradient of a minibatch of `all` samples, chunk by chunk; the last chunk updates by the rules. Without rules the
 * gradient stays in w->grads. An empty minibatch is one chunk of none: sums of no terms, so a gradient of +0. */
static void gradient_of(struct space *w, const struct shape *shape, const struct source *source, int turned, size_t all,
                        const struct rule *weight_rule, const struct rule *bias_rule, struct drop *drop)
{
    for (size_t first = 0; first == 0 || first < all; first += CHUNK) {
        const size_t count = all - first < CHUNK ? all - first : CHUNK;
        const int last = first + count == all;
        fetch(w, shape, source, turned, first, count);
        if (drop) {
            drop->first = first;
            drop->all = all;
        }
        forward(w, shape, count, shape->layers - 1, drop);
        output_gradient(w, shape, count, all);
        backward(w, shape, count, first == 0, last ? weight_rule : NULL, last ? bias_rule : NULL, drop != NULL);
    }
}

static struct rule rule_of(const struct space *w, const struct axiom_schedule *s, int masked)
{
    return (struct rule){
        .method = s->method,
        .momentum = (float)s->momentum,
        .beta1 = (float)s->beta1,
        .beta2 = (float)s->beta2,
        .rest1 = (float)(1.0 - s->beta1),
        .rest2 = (float)(1.0 - s->beta2),
        .epsilon = (float)s->epsilon,
        .params = w->params,
        .moments = {w->moments[0], w->moments[1]},
        .mask = masked ? w->mask : NULL,
    };
}

/* base^exponent by squaring: the bits of torch/adam.py. */
static double power(double base, uint64_t exponent)
{
    double result = 1.0;
    for (; exponent; exponent >>= 1, base *= base)
        if (exponent & 1) result *= base;
    return result;
}

/* All steps of one cell, whose state is in w. */
static void train_cell(struct space *w, const struct shape *shape, const struct axiom_block *b, struct source source,
                       const struct axiom_schedule *s, int64_t cell, int turned)
{
    struct rule weight_rule = rule_of(w, s, b->mask != NULL);
    struct drop drop = {.probability = s->dropout ? s->dropout[cell] : 0.0f};
    const int drops = drop.probability > 0.0f && shape->layers > 1;
    if (drops) {
        drop.stream.key[0] = (uint32_t)b->seeds[cell];
        drop.stream.key[1] = (uint32_t)(b->seeds[cell] >> 32) << 16 | PURPOSE_DROPOUT;
    }
    for (int64_t at = 0; at < s->count; at++) {
        const int64_t column = s->offset + at, i = cell * s->steps + column;
        weight_rule.rate = s->rate[i];
        weight_rule.l2 = s->l2 ? s->l2[i] : 0.0f;
        weight_rule.shrink = s->decay ? -(s->rate[i] * s->decay[i]) : 0.0f;
        if (s->method == ADAM) {
            const uint64_t t = (uint64_t)(s->step + at) + 1;
            weight_rule.rate1 = weight_rule.rate / (float)(1.0 - power(s->beta1, t));
            weight_rule.over2 = 1.0f / (float)(1.0 - power(s->beta2, t));
        }
        struct rule bias_rule = weight_rule;
        bias_rule.l2 = bias_rule.shrink = 0.0f;
        drop.stream.at[0] = (uint32_t)(s->step + at);
        source.order = s->order ? s->order + cell * s->width + s->starts[column] : NULL;
        const size_t all = (size_t)s->sizes[column];
        gradient_of(w, shape, &source, turned, all, &weight_rule, &bias_rule, drops ? &drop : NULL);
    }
}

static int train(const struct axiom_block *b, const struct axiom_data *d, const struct axiom_schedule *s)
{
    static const int MOMENTS[] = {[SGD] = 0, [MOMENTUM] = 1, [ADAM] = 2};
    const struct shape shape = shape_of(&b->network);
    const size_t samples = (size_t)d->samples;
    /* Turning a whole task pays when its samples are used at least once in this call. */
    const int turned = s->starts[s->offset + s->count] - s->starts[s->offset] >= d->samples;
    struct space w;
    if (s->count == 0) return 0;
    if (open_space(&w, &shape, turned ? samples : 0)) return AXIOM_NO_MEMORY;
    for (int64_t cell = 0; cell < b->cells; cell++) {
        const struct source source = source_of(d, &shape, cell);
        const struct layer *in = &shape.layer[0], *out = &shape.layer[shape.layers - 1];
        if (turned && (cell == 0 || d->task[cell] != d->task[cell - 1])) {
            turn(source.x, samples, in->inputs, samples, w.rows_x, in->in);
            turn(source.y, samples, out->outputs, samples, w.rows_y, out->out);
        }
        const size_t row = (size_t)(cell * b->parameters), all = (size_t)(b->cells * b->parameters);
        unpack(&shape, b->params + row, w.params);
        for (int k = 0; k < MOMENTS[s->method]; k++) unpack(&shape, b->moments + (size_t)k * all + row, w.moments[k]);
        if (b->mask) unpack(&shape, b->mask + row, w.mask);
        train_cell(&w, &shape, b, source, s, cell, turned);
        pack(&shape, w.params, b->params + row);
        for (int k = 0; k < MOMENTS[s->method]; k++) pack(&shape, w.moments[k], b->moments + (size_t)k * all + row);
    }
    free(w.memory);
    return 0;
}

static int evaluate(const struct axiom_block *b, const struct axiom_data *d, double *loss, int64_t *correct)
{
    const struct shape shape = shape_of(&b->network);
    struct space w;
    if (open_space(&w, &shape, 0)) return AXIOM_NO_MEMORY;
    for (int64_t cell = 0; cell < b->cells; cell++) {
        const struct source source = source_of(d, &shape, cell);
        double sum = 0.0;
        int64_t count = 0;
        unpack(&shape, b->params + cell * b->parameters, w.params);
        for (size_t first = 0; first < source.samples; first += CHUNK) {
            const size_t samples = source.samples - first < CHUNK ? source.samples - first : CHUNK;
            fetch(&w, &shape, &source, 0, first, samples);
            forward(&w, &shape, samples, shape.layers - 1, NULL);
            score(&w, &shape, samples, &sum, &count);
        }
        const uint64_t nan = 0x7ff8000000000000u;
        loss[cell] = sum / (double)source.samples;
        if (loss[cell] != loss[cell]) memcpy(loss + cell, &nan, sizeof nan);
        correct[cell] = count;
    }
    free(w.memory);
    return 0;
}

static int activations(const struct axiom_block *b, const struct axiom_data *d, int32_t layer, float *out)
{
    const struct shape shape = shape_of(&b->network);
    const struct layer *at = &shape.layer[layer];
    struct space w;
    if (open_space(&w, &shape, 0)) return AXIOM_NO_MEMORY;
    for (int64_t cell = 0; cell < b->cells; cell++) {
        const struct source source = source_of(d, &shape, cell);
        float *to = out + (size_t)cell * at->outputs * source.samples;
        unpack(&shape, b->params + cell * b->parameters, w.params);
        for (size_t first = 0; first < source.samples; first += CHUNK) {
            const size_t samples = source.samples - first < CHUNK ? source.samples - first : CHUNK;
            fetch(&w, &shape, &source, 0, first, samples);
            forward(&w, &shape, samples, layer, NULL);
            if (layer < shape.layers - 1) {
                turn(w.out[layer], at->out, samples, at->outputs, to + first, source.samples);
                continue;
            }
            for (size_t o = 0; o < at->outputs; o++)
                memcpy(to + first + o * source.samples, w.outputs + o * ALONG, samples * sizeof(float));
        }
        leave(to, to, at->outputs * source.samples);
    }
    free(w.memory);
    return 0;
}

static int gradient(const struct axiom_block *b, const struct axiom_data *d, float *out)
{
    const struct shape shape = shape_of(&b->network);
    struct space w;
    if (open_space(&w, &shape, 0)) return AXIOM_NO_MEMORY;
    for (int64_t cell = 0; cell < b->cells; cell++) {
        const struct source source = source_of(d, &shape, cell);
        unpack(&shape, b->params + cell * b->parameters, w.params);
        gradient_of(&w, &shape, &source, 0, source.samples, NULL, NULL, NULL);
        for (int l = 0; l < shape.layers; l++) {
            const struct layer *at = &shape.layer[l];
            bias_gradient(at, w.sums + at->biases, shape.row, w.grads + at->biases);
        }
        pack(&shape, w.grads, out + cell * b->parameters);
    }
    free(w.memory);
    return 0;
}

/* One of mathf.h's functions over an array, for the tests; count is a multiple of GRAIN. */
static void math(int32_t function, int64_t count, const float *in, float *out)
{
    for (int64_t i = 0; i < count; i += LANES) {
        const vec x = v_load(in + i);
        vec y;
        switch (function) {
        case EXP: y = v_exp(x); break;
        case LOG: y = v_log(x); break;
        case TANH_FUNCTION: y = v_tanh(x); break;
        case SIGMOID_FUNCTION: y = v_sigmoid(x); break;
        default: y = v_log1p(x);
        }
        v_store(out + i, y);
    }
    leave(out, out, (size_t)count);
}

#define PASTE(a, b) a##b
#define NAMED(variant) PASTE(axiom_, variant)
const struct axiom_variant NAMED(VARIANT) = {train, evaluate, activations, gradient, math, automata};
