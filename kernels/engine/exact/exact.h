/* What Python hands to the exact engine, and the functions it may call. library.py mirrors these structs.
 *
 * Everything is checked before it arrives here (kernels/engine/checks.py): shapes, index ranges, finite rates. Functions return 0, or
 * AXIOM_NO_MEMORY before anything has been changed. They keep no state, so any number of threads may call at once.
 */
#ifndef AXIOM_EXACT_H
#define AXIOM_EXACT_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define API __declspec(dllexport)
#else
#define API __attribute__((visibility("default")))
#endif

#define AXIOM_NO_MEMORY 1
#define MAX_LAYERS 9 /* limits.DEPTH hidden ones and the output */

enum activation { RELU, TANH, SIGMOID, LINEAR };
enum loss { SOFTMAX, BINARY, SQUARED };
enum method { SGD, MOMENTUM, ADAM };
enum function { EXP, LOG, TANH_FUNCTION, SIGMOID_FUNCTION, LOG1P };

struct axiom_network {
    int32_t layers; /* 1 .. MAX_LAYERS, the output layer among them */
    int32_t sizes[MAX_LAYERS + 1];
    int32_t activation;
    int32_t loss;
};

struct axiom_block {
    struct axiom_network network;
    int64_t cells;
    int64_t parameters; /* of one cell */
    float *params;      /* [cells, parameters] */
    float *moments;       /* [0 to 2, cells, parameters] */
    const float *mask;  /* [cells, parameters] or NULL */
    const uint64_t *seeds;
};

struct axiom_data {
    int64_t samples;
    const float *x; /* [tasks, inputs, samples] */
    const float *y; /* [tasks, outputs, samples] */
    const int64_t *task;
};

struct axiom_schedule {
    int32_t method;
    double momentum, beta1, beta2, epsilon;
    int64_t step;   /* steps done: the first one trained here has this number */
    int64_t offset; /* of that step in the arrays below */
    int64_t count;  /* steps to train */
    int64_t steps;  /* columns of rate, l2 and decay */
    int64_t width;  /* columns of order */
    const int32_t *sizes;     /* [steps] */
    const int64_t *starts;    /* [steps + 1] */
    const int32_t *order;     /* [cells, width] or NULL: all samples in their order */
    const float *rate;        /* [cells, steps] */
    const float *l2;          /* [cells, steps] or NULL */
    const float *decay;       /* [cells, steps] or NULL */
    const float *dropout;     /* [cells] or NULL */
};

struct axiom_automata {
    int64_t rules, cells, words, steps; /* cells of a lattice, at least 3; 64 lattices per word */
    const uint64_t *rule;   /* [rules, 2], the low half first */
    const uint64_t *starts; /* [cells, words] */
    uint64_t *states;       /* [rules, cells, words] */
    int64_t *computed;      /* [rules] */
};

/* One instruction set's build of exact.c. */
struct axiom_variant {
    int (*train)(const struct axiom_block *, const struct axiom_data *, const struct axiom_schedule *);
    int (*evaluate)(const struct axiom_block *, const struct axiom_data *, double *loss, int64_t *correct);
    int (*activations)(const struct axiom_block *, const struct axiom_data *, int32_t layer, float *out);
    int (*gradient)(const struct axiom_block *, const struct axiom_data *, float *out);
    void (*math)(int32_t function, int64_t count, const float *in, float *out);
    int (*automata)(const struct axiom_automata *);
};

extern const struct axiom_variant axiom_avx512, axiom_avx2, axiom_neon, axiom_scalar;

/* dispatch.c: `isa` is the number of one of the bits that axiom_isas sets. */
enum isa { AVX512_ISA, AVX2_ISA, NEON_ISA, SCALAR_ISA }; /* library.ISAS, fastest first */

API int axiom_isas(void);
API int axiom_train(int isa, const struct axiom_block *, const struct axiom_data *, const struct axiom_schedule *);
API int axiom_evaluate(int isa, const struct axiom_block *, const struct axiom_data *, double *loss, int64_t *correct);
API int axiom_activations(int isa, const struct axiom_block *, const struct axiom_data *, int32_t layer, float *out);
API int axiom_gradient(int isa, const struct axiom_block *, const struct axiom_data *, float *out);
API void axiom_math(int isa, int32_t function, int64_t count, const float *in, float *out);
API int axiom_automata(int isa, const struct axiom_automata *);

/* random.c */
struct stream;
API void axiom_words(const struct stream *, int64_t count, uint32_t *out);
API void axiom_block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
API void axiom_uniform(const struct stream *, int64_t count, float *out);
API void axiom_bernoulli(const struct stream *, double p, int64_t count, uint8_t *out);
API int axiom_permutation(const struct stream *, int64_t count, int32_t *out);
API void axiom_normal(const struct stream *, int64_t count, double *out);

#endif
