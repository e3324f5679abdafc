/* Trains every case of a vector file with every instruction set of this host, and prints digests. No Python is needed.
 *
 *     vectors LIBRARY FILE
 *
 * LIBRARY is the exact engine's, loaded as Python loads it: the very bytes that ship.
 *
 * One line per digest, four fields between tabs: instruction set, case, what was computed, digest (one per cell for
 * "train"). Digests are BLAKE2b-128 of little-endian numbers; "train" is contract.Block.digests: step, parameters, moments.
 * "milliseconds" lines say how long an instruction set took. Exit code 0: everything ran; agreement is check.py's to judge.
 *
 * Each case is trained in `pieces` calls, as a suspended program would be, and everything runs with denormals flushed
 * and rounding towards zero, as if someone else in the process had asked for that: the engine must not care.
 *
 * The vector file (written by cases.py; little-endian, every field a multiple of 8 bytes, arrays padded with zeros):
 *     "AXIOMVEC", then int64: version (2), cases, stride of the sweep over all floats, numbers per random stream
 *     each case: int64 length of its name, layers, sizes[MAX_LAYERS + 1], activation, loss, method, cells, samples,
 *                tasks, moments, steps, columns of order, pieces, flags (HAS_*);
 *                double momentum, beta1, beta2, epsilon;
 *                the arrays name, params, moments, mask?, seeds, x, y, task, sizes, starts, order?, rate, l2?, decay?,
 *                dropout? with the types and shapes of exact.h; those with a question mark only if flagged
 */
#include "blake2b.h"
#include "exact.h"
#include "philox.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

enum { HAS_MASK = 1, HAS_ORDER = 2, HAS_L2 = 4, HAS_DECAY = 8, HAS_DROPOUT = 16 };

#define VERSION 2
#define SWEEP 4096 /* floats at a time: a multiple of the engine's 16 */

static const char *const ISA_NAMES[] = {"avx512", "avx2", "neon", "scalar"};

static void fail(const char *why)
{
    fprintf(stderr, "vectors: %s\n", why);
    exit(2);
}

static void *memory(size_t size)
{
    void *found = malloc(size + 1);
    if (!found) fail("no memory");
    return found;
}

/* ------------------------------------------------------------------------------------------------------- the library */

#define EACH_FUNCTION(DO) DO(isas) DO(train) DO(evaluate) DO(activations) DO(gradient) DO(math) \
    DO(words) DO(uniform) DO(normal) DO(permutation) DO(bernoulli)
#define POINTER(name) __typeof__(axiom_##name) *name;
static struct { EACH_FUNCTION(POINTER) } engine;

static void load(const char *path)
{
#if defined(_WIN32)
    const HMODULE library = LoadLibraryA(path);
#define FIND(name) { const FARPROC found = GetProcAddress(library, "axiom_" #name); GOT(name) }
#else
    void *const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
#define FIND(name) { void *const found = dlsym(library, "axiom_" #name); GOT(name) }
#endif
#define GOT(name) if (!found) fail("the library has no axiom_" #name); memcpy(&engine.name, &found, sizeof found);
    if (!library) fail("the library cannot be loaded");
    EACH_FUNCTION(FIND)
}

/* ------------------------------------------------------------------------------- someone else's floating-point modes */

#if defined(__x86_64__)
#include <xmmintrin.h>
#define HOSTILE 0xffc0u /* flush to zero, round towards zero, denormals are zero; no traps */
static uint64_t modes(void) { return _mm_getcsr() & ~0x3fu; /* less the flags of what has happened */ }
static void set_modes(uint64_t to) { _mm_setcsr((unsigned)to); }
#elif defined(__aarch64__)
#define HOSTILE (7u << 22 | 1u << 25) /* round towards zero, flush to zero; every NaN the default one */
static uint64_t modes(void)
{
    uint64_t now;
    __asm__ volatile("mrs %0, fpcr" : "=r"(now) : : "memory");
    return now;
}
static void set_modes(uint64_t to) { __asm__ volatile("msr fpcr, %0" : : "r"(to) : "memory"); }
#else
#define HOSTILE 0u
static uint64_t modes(void) { return 0; }
static void set_modes(uint64_t to) { (void)to; }
#endif

/* --------------------------------------------------------------------------------------------------- the vector file */

struct file {
    const char *at, *end;
};

static struct file read_file(const char *name)
{
    FILE *f = fopen(name, "rb");
    if (!f || fseek(f, 0, SEEK_END)) fail("cannot open the vector file");
    const long size = ftell(f);
    if (size < 0 || fseek(f, 0, SEEK_SET)) fail("cannot measure the vector file");
    char *bytes = memory((size_t)size);
    if (fread(bytes, 1, (size_t)size, f) != (size_t)size) fail("cannot read the vector file");
    fclose(f);
    return (struct file){bytes, bytes + size};
}

/* The next `count` numbers of `size` bytes, in place. */
static const void *take(struct file *f, int64_t count, size_t size)
{
    const size_t bytes = ((size_t)count * size + 7) / 8 * 8;
    if (count < 0 || (size_t)(f->end - f->at) < bytes) fail("the vector file ends too early");
    f->at += bytes;
    return f->at - bytes;
}

static int64_t take_int(struct file *f)
{
    int64_t found;
    memcpy(&found, take(f, 1, sizeof found), sizeof found);
    return found;
}

static double take_double(struct file *f)
{
    double found;
    memcpy(&found, take(f, 1, sizeof found), sizeof found);
    return found;
}

struct program {
    char name[128];
    struct axiom_block block;
    struct axiom_data data;
    struct axiom_schedule schedule;
    const float *params, *moments; /* as they are at the start */
    int64_t state, pieces;       /* state: floats of all moments together */
};

static struct program take_program(struct file *f)
{
    struct program p = {.pieces = 1};
    struct axiom_block *b = &p.block;
    struct axiom_data *d = &p.data;
    struct axiom_schedule *s = &p.schedule;
    struct axiom_network *n = &b->network;
    const int64_t letters = take_int(f);
    n->layers = (int32_t)take_int(f);
    for (int i = 0; i <= MAX_LAYERS; i++) n->sizes[i] = (int32_t)take_int(f);
    if (letters < 0 || letters >= (int64_t)sizeof p.name || n->layers < 1 || n->layers > MAX_LAYERS) fail("not a case");
    for (int l = 0; l < n->layers; l++) b->parameters += (int64_t)(n->sizes[l] + 1) * n->sizes[l + 1];
    n->activation = (int32_t)take_int(f);
    n->loss = (int32_t)take_int(f);
    s->method = (int32_t)take_int(f);
    b->cells = take_int(f);
    d->samples = take_int(f);
    const int64_t tasks = take_int(f);
    p.state = take_int(f) * b->cells * b->parameters;
    s->steps = take_int(f);
    s->width = take_int(f);
    p.pieces = take_int(f);
    const int64_t has = take_int(f), all = b->cells * b->parameters, rates = b->cells * s->steps;
    s->momentum = take_double(f);
    s->beta1 = take_double(f);
    s->beta2 = take_double(f);
    s->epsilon = take_double(f);
    memcpy(p.name, take(f, letters, 1), (size_t)letters);
    p.params = take(f, all, sizeof(float));
    p.moments = take(f, p.state, sizeof(float));
    b->mask = has & HAS_MASK ? take(f, all, sizeof(float)) : NULL;
    b->seeds = take(f, b->cells, sizeof(uint64_t));
    d->x = take(f, tasks * n->sizes[0] * d->samples, sizeof(float));
    d->y = take(f, tasks * n->sizes[n->layers] * d->samples, sizeof(float));
    d->task = take(f, b->cells, sizeof(int64_t));
    s->sizes = take(f, s->steps, sizeof(int32_t));
    s->starts = take(f, s->steps + 1, sizeof(int64_t));
    s->order = has & HAS_ORDER ? take(f, b->cells * s->width, sizeof(int32_t)) : NULL;
    s->rate = take(f, rates, sizeof(float));
    s->l2 = has & HAS_L2 ? take(f, rates, sizeof(float)) : NULL;
    s->decay = has & HAS_DECAY ? take(f, rates, sizeof(float)) : NULL;
    s->dropout = has & HAS_DROPOUT ? take(f, b->cells, sizeof(float)) : NULL;
    return p;
}

/* ------------------------------------------------------------------------------------------------------- what is run */

static void print(const char *isa, const char *name, const char *what, struct blake2b *b)
{
    char hex[2 * DIGEST_BYTES + 1];
    blake_end(b, hex);
    printf("%s\t%s\t%s\t%s\n", isa, name, what, hex);
}

/* Adds what can be measured of a block as it stands to three digests. */
static void measure(int isa, const struct program *p, struct blake2b *scores, struct blake2b *layers, struct blake2b *grads)
{
    const struct axiom_block *b = &p->block;
    const size_t cells = (size_t)b->cells, bytes = cells * (size_t)b->parameters * sizeof(float);
    double *loss = memory(cells * sizeof *loss);
    int64_t *correct = memory(cells * sizeof *correct);
    float *gradient = memory(bytes);
    if (engine.evaluate(isa, b, &p->data, loss, correct)) fail("evaluate failed");
    blake_add(scores, loss, cells * sizeof *loss);
    blake_add(scores, correct, cells * sizeof *correct);
    for (int32_t l = 0; l < b->network.layers; l++) {
        const size_t size = cells * (size_t)b->network.sizes[l + 1] * (size_t)p->data.samples * sizeof(float);
        float *out = memory(size);
        if (engine.activations(isa, b, &p->data, l, out)) fail("activations failed");
        blake_add(layers, out, size);
        free(out);
    }
    if (engine.gradient(isa, b, &p->data, gradient)) fail("gradient failed");
    blake_add(grads, gradient, bytes);
    free(loss);
    free(correct);
    free(gradient);
}

static void train(int isa, struct program p)
{
    const char *const isa_name = ISA_NAMES[isa];
    const size_t row = (size_t)p.block.parameters, all = row * (size_t)p.block.cells, state = (size_t)p.state;
    struct blake2b scores, layers, grads;
    p.block.params = memory(all * sizeof(float));
    p.block.moments = memory(state * sizeof(float));
    memcpy(p.block.params, p.params, all * sizeof(float));
    memcpy(p.block.moments, p.moments, state * sizeof(float));
    blake_begin(&scores);
    blake_begin(&layers);
    blake_begin(&grads);
    measure(isa, &p, &scores, &layers, &grads);
    for (int64_t piece = 1; piece <= p.pieces; piece++) {
        struct axiom_schedule *s = &p.schedule;
        s->count = s->steps * piece / p.pieces - s->step;
        if (engine.train(isa, &p.block, &p.data, s)) fail("train failed");
        s->step += s->count;
        s->offset = s->step;
    }
    printf("%s\t%s\ttrain\t", isa_name, p.name);
    for (size_t cell = 0; cell < (size_t)p.block.cells; cell++) {
        struct blake2b b;
        char hex[2 * DIGEST_BYTES + 1];
        blake_begin(&b);
        blake_add(&b, &p.schedule.step, sizeof p.schedule.step);
        blake_add(&b, p.block.params + cell * row, row * sizeof(float));
        for (size_t k = 0; k * all < state; k++) blake_add(&b, p.block.moments + k * all + cell * row, row * sizeof(float));
        blake_end(&b, hex);
        printf("%s%s", cell ? " " : "", hex);
    }
    printf("\n");
    measure(isa, &p, &scores, &layers, &grads);
    print(isa_name, p.name, "evaluate", &scores);
    print(isa_name, p.name, "activations", &layers);
    print(isa_name, p.name, "gradient", &grads);
    free(p.block.params);
    free(p.block.moments);
}

/* The functions over every `stride`-th float in order of their bits, and zeros up to a multiple of SWEEP. */
static void sweep(int isa, uint64_t stride)
{
    static const char *const NAMES[] = {"exp", "log", "tanh", "sigmoid", "log1p"};
    static float in[SWEEP], out[SWEEP];
    for (int32_t function = EXP; function <= LOG1P; function++) {
        struct blake2b b;
        blake_begin(&b);
        for (uint64_t bits = 0; bits < (uint64_t)1 << 32;) {
            for (size_t i = 0; i < SWEEP; i++, bits += stride) {
                const uint32_t value = bits < (uint64_t)1 << 32 ? (uint32_t)bits : 0;
                memcpy(in + i, &value, sizeof value);
            }
            engine.math(isa, function, SWEEP, in, out);
            blake_add(&b, out, sizeof out);
        }
        print(ISA_NAMES[isa], NAMES[function], "sweep", &b);
    }
}

/* The streams that do not depend on an instruction set: purpose 3 of seed 5 + 2^40, coordinates 1, 2, 3. */
static void streams(int64_t count)
{
    const struct stream s = {{5, 1u << 24 | 3}, {1, 2, 3}};
    void *out = memory((size_t)count * sizeof(double));
    struct blake2b b[5];
    for (int i = 0; i < 5; i++) blake_begin(&b[i]);
    engine.words(&s, count, out);
    blake_add(&b[0], out, (size_t)count * sizeof(uint32_t));
    engine.uniform(&s, count, out);
    blake_add(&b[1], out, (size_t)count * sizeof(float));
    engine.normal(&s, count, out);
    blake_add(&b[2], out, (size_t)count * sizeof(double));
    if (engine.permutation(&s, count, out)) fail("permutation failed");
    blake_add(&b[3], out, (size_t)count * sizeof(int32_t));
    engine.bernoulli(&s, 0.3, count, out);
    blake_add(&b[4], out, (size_t)count);
    print("any", "words", "stream", &b[0]);
    print("any", "uniform", "stream", &b[1]);
    print("any", "normal", "stream", &b[2]);
    print("any", "permutation", "stream", &b[3]);
    print("any", "bernoulli", "stream", &b[4]);
    free(out);
}

int main(int count, char **arguments)
{
    const uint64_t ours = modes();
    if (count != 3) fail("usage: vectors LIBRARY FILE");
    load(arguments[1]);
    const struct file whole = read_file(arguments[2]);
    struct file f = whole;
    if (memcmp(take(&f, 8, 1), "AXIOMVEC", 8) || take_int(&f) != VERSION) fail("not a vector file of this version");
    const int64_t cases = take_int(&f), stride = take_int(&f), numbers = take_int(&f);
    const struct file first = f;
    const int isas = engine.isas();
    if (!isas) fail("this processor has no fused multiply-add");
    set_modes(HOSTILE);
    streams(numbers);
    for (int isa = AVX512_ISA; isa <= SCALAR_ISA; isa++) {
        if (!(isas >> isa & 1)) continue;
        const clock_t start = clock();
        f = first;
        for (int64_t i = 0; i < cases; i++) train(isa, take_program(&f));
        if (f.at != f.end) fail("the vector file goes on after its last case");
        sweep(isa, (uint64_t)stride);
        printf("%s\t\tmilliseconds\t%ld\n", ISA_NAMES[isa], (long)((clock() - start) / (CLOCKS_PER_SEC / 1000)));
        fflush(stdout);
    }
    if (modes() != HOSTILE) fail("the engine has changed the caller's floating-point modes");
    set_modes(ours);
    free((void *)(uintptr_t)whole.at);
    return 0;
}
