/* The compiled loop for CPU tensors: the same cells as reference.py, one block of samples at a time.

   It takes raw pointers, dtype codes, sizes and strides, so that it needs no torch headers and fits every torch.
   A block is fetched, its validity folded into one flag, its cells computed by loops that the compiler vectorises,
   and then scattered. Only a block whose flag is set is looked at sample by sample. Losses come of this platform's libm,
   whose exp and log may differ from torch's in the last bit. */

#define _GNU_SOURCE
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
#include <dlfcn.h>
#endif

enum { BLOCK = 512, MAX_DIMS = 16, MAX_TALLIES = 64, MAX_THREADS = 64, MAX_SUMS = 8, PRIVATE_BYTES = 4000000, SAMPLED = 32 };
/* Blocks whose bins lie closer than this are counted in two tables in turn, where an add would wait for the one before. */
enum { CROWDED = 1024 };
enum { THRESHOLD, UNIFORM, FLOAT_BITS, EDGES };
enum { F32, F64, BF16, F16, I8, I16, I32, I64, U8, BOOL, U16, U32, U64, TYPES };
enum { NO_ROWS, LABELS, CLASSES, GROUPS };
enum { PROBABILITY, SQUARED_ERROR, LOG_LOSS, HINGE, SQUARED_HINGE, SQUARED_WEIGHT };
enum { FIRST_PLAN = 16 }; /* among the arguments of count */
enum { IGNORED, BAD_LABEL, NAN_SCORE, OUT_OF_RANGE, BAD_WEIGHT, OFF_EDGE, EXTRA_CELLS };
/* Compiled twice, for the baseline and for AVX2 (1.8 times as fast), and chosen when the module is loaded: what works on a block.
   To have more flattened into one function is no faster, and takes the compiler minutes. */
#if defined(__x86_64__) && defined(__GNUC__) && defined(__linux__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
static const int ITEM_BYTES[TYPES] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 1, 2, 4, 8};

/* One tensor: contiguous if dims is 0. Strides are in bytes. */
typedef struct {
    const char *data;
    int type, dims;
    int64_t size[MAX_DIMS], stride[MAX_DIMS];
} Source;

/* What else the cells sum: a function of score and label, and its least and greatest value if those are clipped. */
typedef struct {
    int kind;
    double low, high;
} Summand;

/* The three runs of bins of floating-point numbers, as in float_bits.py. */
typedef struct {
    float low, high, around;
    int32_t near, far, shift, fine, first, middle, last;
} Runs;

/* How one layout counts, and where. */
typedef struct {
    int kind, strict, weighted, bounded, ignoring, logits, sums;
    Summand sum[MAX_SUMS];
    int32_t bins, first, guides, step, base, stride; /* a cell is its bin less base, and stride more for a positive */
    float at;
    Runs runs;
    int64_t ignore;
    const int32_t *guide;
    const float *edges;
    void *counts;
} Tally;

/* Where there are rows, a job counts those from first_row to last_row; of LABELS and CLASSES the columns of its sources are these. */
typedef struct {
    Source preds, target, weight, group;
    int by_row;
    int32_t rows, first_row, last_row;
    int tallies, any_bounded, any_weighted, any_real, always_careful;
    Tally tally[MAX_TALLIES];
} Job;

/* Which tally refuses a batch, and the numbers of its samples by the extra cell that they would add to. */
typedef struct {
    int tally, refused;
    int64_t kind[EXTRA_CELLS];
} Refusal;

/* The lowest and the highest bin hit, and the number of valid samples off the lower edge of theirs. */
typedef struct {
    int32_t low, high, off_edge;
} Hit;

/* How threads count apart: a job whose tallies have cells for the bins of most samples only, private to each thread, and one
   table of all cells that they share, for blocks with a sample elsewhere. */
typedef struct {
    const Job *job;
    Job narrow;
    int tables;
    atomic_int strays;
    _Atomic uint32_t *astray;
} Apart;

/* A range of samples, and the private counts of the thread that takes it: tables x cells of every tally. */
typedef struct {
    Apart *apart;
    int64_t begin, end;
    uint32_t *own;
    int refused;
    Hit hit[MAX_TALLIES];
} Share;

/* The samples of one block, as the loops want them. */
typedef struct {
    int n;
    const float *x;
    int32_t y[BLOCK], bad_label[BLOCK], cell[BLOCK];
    float scores[BLOCK];
    const double *exact;
    double w[BLOCK], doubles[BLOCK], value[BLOCK];
    int64_t raw[3][BLOCK];
    const void *labels;
    int label_type, flagged, careful;
    int32_t row[BLOCK], column;
    int64_t ids[BLOCK];
} Block;

static inline int32_t bits_of(float x) { int32_t b; memcpy(&b, &x, 4); return b; }
static inline float float_of(uint32_t b) { float x; memcpy(&x, &b, 4); return x; }

/* float32 to int32 that sorts alike. */
static inline int32_t ordered(float x)
{
    int32_t b = bits_of(x), m = b >> 31;
    return ((b & 0x7fffffff) ^ m) - m;
}

static inline int32_t clamped(int32_t v, int32_t low, int32_t high) { v = v < low ? low : v; return v > high ? high : v; }

/* The key of a number, less what of it lies in the centre, and that. */
typedef struct {
    int32_t outside, centre;
} Key;

static inline Key key_of(const Runs *r, float x)
{
    int32_t key = ordered(x >= r->low && x < r->high ? x - r->around : x);
    int32_t centre = clamped(key, r->near, r->far) + clamped(key, -r->far, -r->near);
    return (Key){key - centre, centre};
}

static inline int32_t float_bin(const Runs *r, float x, Key key)
{
    int32_t offset = x < r->low ? r->first : x < r->high ? r->middle : r->last;
    return (key.outside >> r->shift) + (key.centre >> r->fine) + offset;
}

static inline int32_t is_off_edge(const Runs *r, Key key)
{
    return ((key.outside & ((1 << r->shift) - 1)) | (key.centre & ((1 << r->fine) - 1))) != 0;
}

static inline float uniform_bin(float x, float bins)
{
    float v = x * bins, top = bins - 1;
    v = v > 0 ? v : 0;
    return (float)(int32_t)(v < top ? v : top);
}

static inline float from_half(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, e = h & 0x7c00, m = h & 0x3ff;
    uint32_t normal = ((uint32_t)(h & 0x7fff) << 13) + (112u << 23), big = 0x7f800000u | m << 13;
    uint32_t small = (uint32_t)bits_of((float)(int32_t)m * 0x1p-24f);
    return float_of(sign | (e == 0 ? small : e == 0x7c00 ? big : normal));
}

static inline float from_bfloat(uint16_t h) { return float_of((uint32_t)h << 16); }

/* n samples from position begin: in place if they lie side by side, else gathered into the buffer. */
static const void *fetch(const Source *s, int64_t begin, int n, void *buffer)
{
    int bytes = ITEM_BYTES[s->type], d;
    int64_t at[MAX_DIMS], offset = 0;
    char *out = buffer;
    if (!s->dims) return s->data + begin * bytes;
    for (d = s->dims - 1; d >= 0; begin /= s->size[d--]) {
        at[d] = begin % s->size[d];
        offset += at[d] * s->stride[d];
    }
    int last = s->dims - 1;
    for (; s->stride[last] == bytes && n > 0; ) { /* runs that lie side by side */
        int64_t run = s->size[last] - at[last];
        run = run < n ? run : n;
        memcpy(out, s->data + offset, (size_t)(run * bytes));
        out += run * bytes;
        n -= (int)run;
        offset += run * bytes;
        at[last] += run;
        for (d = last; d > 0 && at[d] == s->size[d]; d--) {
            offset += s->stride[d - 1] - s->size[d] * s->stride[d];
            at[d] = 0;
            at[d - 1]++;
        }
    }
    for (; n-- > 0; out += bytes) {
        memcpy(out, s->data + offset, (size_t)bytes);
        for (d = last; d >= 0; d--) {
            offset += s->stride[d];
            if (++at[d] < s->size[d] || d == 0) break;
            offset -= at[d] * s->stride[d];
            at[d] = 0;
        }
    }
    return buffer;
}

/* Start to load what is to be added to. */
static inline void fetch_to_write(const void *at)
{
#ifdef __GNUC__
    __builtin_prefetch(at, 1);
#endif
}

/* Start to load the next block: while the cells of this one are scattered, no other load would be under way. */
static inline void prefetch(const Source *s, int64_t begin, int n)
{
#ifdef __GNUC__
    const char *at = s->data + begin * ITEM_BYTES[s->type];
    for (int i = 0; !s->dims && i < n * ITEM_BYTES[s->type]; i += 64) __builtin_prefetch(at + i);
#endif
}

#define EACH(TYPE, EXPRESSION) \
    { const TYPE *v = raw; for (int i = 0; i < n; i++) out[i] = (EXPRESSION); break; }

/* Scores as float32. */
WIDE static const float *scores_of(int type, const void *raw, int n, float *out)
{
    switch (type) {
    case F32: return raw;
    case F64: EACH(double, (float)v[i])
    case BF16: EACH(uint16_t, from_bfloat(v[i]))
    case F16: EACH(uint16_t, from_half(v[i]))
    case I8: EACH(int8_t, v[i])
    case I16: EACH(int16_t, v[i])
    case I32: EACH(int32_t, (float)v[i])
    case I64: EACH(int64_t, (float)v[i])
    case U8: EACH(uint8_t, v[i])
    case U16: EACH(uint16_t, v[i])
    case U32: EACH(uint32_t, (float)v[i])
    case U64: EACH(uint64_t, (float)v[i])
    default: EACH(uint8_t, v[i] != 0)
    }
    return out;
}

/* Scores as float64: as they were given if so, else those of float32. */
WIDE static const double *doubles_of(int type, const void *raw, const float *x, int n, double *out)
{
    if (type == F64) return raw;
    for (int i = 0; i < n; i++) out[i] = x[i];
    return out;
}

/* Weights as float64, of narrower types by way of float32. */
WIDE static void weights_of(int type, const void *raw, int n, double *out)
{
    float narrow[BLOCK];
    switch (type) {
    case F64: EACH(double, v[i])
    case I32: EACH(int32_t, v[i])
    case I64: EACH(int64_t, (double)v[i])
    case U32: EACH(uint32_t, v[i])
    case U64: EACH(uint64_t, (double)v[i])
    default: doubles_of(F32, NULL, scores_of(type, raw, n, narrow), n, out);
    }
}

#define WHOLE(TYPE) \
    { const TYPE *v = raw; for (int i = 0; i < n; i++) { y[i] = (int32_t)v[i]; bad |= (int64_t)(v[i] >> 1); } break; }
#define REAL(TYPE, CONVERT) \
    { const TYPE *v = raw; for (int i = 0; i < n; i++) { y[i] = CONVERT(v[i]) == 1; bad |= !y[i] & (CONVERT(v[i]) != 0); } break; }

/* Labels as 0 and 1; returns whether any is neither, in which case y is not to be used. */
WIDE static int labels_of(int type, const void *raw, int n, int32_t *y)
{
    int64_t bad = 0;
    switch (type) {
    case F32: REAL(float, )
    case F64: REAL(double, )
    case BF16: REAL(uint16_t, from_bfloat)
    case F16: REAL(uint16_t, from_half)
    case I8: WHOLE(int8_t)
    case I16: WHOLE(int16_t)
    case I32: WHOLE(int32_t)
    case I64: WHOLE(int64_t)
    case U8: WHOLE(uint8_t)
    case U16: WHOLE(uint16_t)
    case U32: WHOLE(uint32_t)
    case U64: WHOLE(uint64_t)
    default: { const uint8_t *v = raw; for (int i = 0; i < n; i++) y[i] = v[i] != 0; }
    }
    return bad != 0;
}

#define IS(TYPE, VALUE, CONVERT) \
    { const TYPE *v = raw; for (int i = 0; i < n; i++) out[i] = CONVERT(v[i]) == (VALUE); break; }

/* Which labels equal a whole number. */
static void labels_that_are(int64_t value, int type, const void *raw, int n, int32_t *out)
{
    switch (type) {
    case F32: IS(float, (double)value, )
    case F64: IS(double, (double)value, )
    case BF16: IS(uint16_t, (double)value, from_bfloat)
    case F16: IS(uint16_t, (double)value, from_half)
    case I8: IS(int8_t, value, )
    case I16: IS(int16_t, value, )
    case I32: IS(int32_t, value, )
    case I64: IS(int64_t, value, )
    case U8: IS(uint8_t, value, )
    case U16: IS(uint16_t, value, )
    case U32: IS(uint32_t, value, )
    case U64: IS(uint64_t, (double)value, (double))
    default: IS(uint8_t, value, !!)
    }
}

/* Number of edges <= x: the guide tells how many lie before its run of floats, then steps of halving size go on. */
WIDE static void edge_bins(const Tally *t, const float *x, int n, int32_t *bin)
{
    int32_t last = t->guides - 1, first = t->first - 1;
    Runs runs = t->runs;
    for (int i = 0; i < n; i++) {
        int32_t run = float_bin(&runs, x[i], key_of(&runs, x[i])) - first;
        run = run < 0 ? 0 : run;
        bin[i] = run > last ? last : run;
    }
    for (int i = 0; i < n; i++) bin[i] = t->guide[bin[i]];
    for (int32_t step = t->step; step; step >>= 1) {
        const float *edges = t->edges + step - 1;
        for (int i = 0; i < n; i++) bin[i] += step & -(edges[bin[i]] <= x[i]);
    }
}

/* The same as cells_of for runs of floats, in one loop, since it is the default. */
WIDE static Hit float_cells_of(const Tally *t, Block *b)
{
    const float *restrict x = b->x;
    const int32_t *restrict y = b->y;
    Runs r = t->runs;
    int32_t n = b->n, bins = t->bins, base = t->base, stride = t->stride, *restrict cell = b->cell;
    int32_t low = INT32_MAX, high = 0, off_edge = 0;
    for (int i = 0; i < n; i++) {
        Key key = key_of(&r, x[i]);
        int32_t bin = float_bin(&r, x[i], key);
        low = bin < low ? bin : low;
        high = bin > high ? bin : high;
        off_edge += is_off_edge(&r, key);
        cell[i] = bin - base + (stride & -y[i]);
    }
    return (Hit){low > 0 ? low : 0, high < bins ? high : bins - 1, off_edge};
}

/* Cells of valid samples, and what bins they hit; the cells of others have no meaning. */
WIDE static Hit cells_of(const Tally *t, Block *b)
{
    const float *x = b->x;
    int n = b->n;
    int32_t bins = t->bins, base = t->base, stride = t->stride, *cell = b->cell, low = INT32_MAX, high = 0, off_edge = 0;
    float at = t->at, scale = (float)bins;
    switch (t->kind) {
    case THRESHOLD:
        for (int i = 0; i < n; i++) cell[i] = x[i] >= at;
        break;
    case UNIFORM:
        for (int i = 0; i < n; i++) {
            float bin = uniform_bin(x[i], scale);
            cell[i] = (int32_t)bin;
            off_edge += x[i] * scale != bin;
        }
        break;
    case FLOAT_BITS:
        return float_cells_of(t, b);
    default:
        edge_bins(t, x, n, cell);
    }
    if (t->kind == THRESHOLD || t->kind == EDGES) off_edge = n;
    for (int i = 0; i < n; i++) {
        low = cell[i] < low ? cell[i] : low;
        high = cell[i] > high ? cell[i] : high;
        cell[i] += (stride & -b->y[i]) - base;
    }
    return (Hit){low > 0 ? low : 0, high < bins ? high : bins - 1, off_edge};
}

/* Whether a score lies off the lower edge of its bin. */
static inline int32_t lies_off_edge(const Tally *t, float x)
{
    if (t->kind == UNIFORM) return x * (float)t->bins != uniform_bin(x, (float)t->bins);
    return t->kind == FLOAT_BITS ? is_off_edge(&t->runs, key_of(&t->runs, x)) : 1;
}

/* The number of valid samples off the lower edge of their bin, in a block whose cells were corrected. */
WIDE static int32_t off_edge_of(const Tally *t, const Block *b)
{
    int32_t off_edge = 0;
    for (int i = 0; i < b->n; i++) off_edge += b->cell[i] < 2 * t->stride && lies_off_edge(t, b->x[i]);
    return off_edge;
}

/* Corrects the cells of a block that may hold invalid or ignored samples; returns whether any is invalid. */
WIDE static int careful_cells_of(const Tally *t, Block *b)
{
    int32_t extra = 2 * t->stride, invalid = 0, ignored[BLOCK], *cell = b->cell;
    int n = b->n;
    const float *x = b->x;
    memset(ignored, 0, sizeof ignored);
    if (t->ignoring) labels_that_are(t->ignore, b->label_type, b->labels, n, ignored);
    if (t->weighted)
        for (int i = 0; i < n; i++) cell[i] = b->w[i] >= 0 && b->w[i] <= DBL_MAX ? cell[i] : extra + BAD_WEIGHT;
    if (t->bounded)
        for (int i = 0; i < n; i++) cell[i] = (x[i] >= 0) & (x[i] <= 1) ? cell[i] : extra + OUT_OF_RANGE;
    for (int i = 0; i < n; i++) {
        int32_t c = x[i] == x[i] ? cell[i] : extra + NAN_SCORE;
        c = b->bad_label[i] ? extra + BAD_LABEL : c;
        cell[i] = ignored[i] ? extra : c;
        invalid |= cell[i] > extra;
    }
    return invalid;
}

/* Labels of a block with a bad one. */
static void careful_labels(Block *b)
{
    int type = b->label_type, n = b->n;
    labels_that_are(0, type, b->labels, n, b->bad_label);
    labels_that_are(1, type, b->labels, n, b->y);
    for (int i = 0; i < n; i++) b->bad_label[i] = !(b->bad_label[i] | b->y[i]);
}

#define INTEGERS(TYPE) { const TYPE *v = raw; for (int i = 0; i < n; i++) out[i] = (int64_t)v[i]; break; }

/* Integers of any type, as int64. */
static void integers_of(int type, const void *raw, int n, int64_t *out)
{
    switch (type) {
    case I8: INTEGERS(int8_t)
    case I16: INTEGERS(int16_t)
    case I32: INTEGERS(int32_t)
    case I64: INTEGERS(int64_t)
    case U16: INTEGERS(uint16_t)
    case U32: INTEGERS(uint32_t)
    case U64: INTEGERS(uint64_t)
    default: INTEGERS(uint8_t)
    }
}

/* Labels of a block of scores by class, one column each; returns whether any is no class. */
WIDE static int class_labels(const Job *job, int64_t begin, Block *b)
{
    int32_t width = job->last_row - job->first_row, column = (int32_t)(begin % width);
    int64_t first = begin / width, *given = b->raw[1], *class = b->ids;
    int bad = 0, samples = (int)((begin + b->n - 1) / width - first) + 1;
    integers_of(job->target.type, fetch(&job->target, first, samples, b->raw[2]), samples, class);
    for (int i = 0; i < b->n; i++) {
        given[i] = *class;
        b->y[i] = *class == job->first_row + column;
        bad |= *class < 0 || *class >= job->rows;
        if (++column == width) column = 0, class++;
    }
    b->labels = given;
    b->label_type = job->target.type == U64 ? U64 : I64; /* of the same bits */
    return bad;
}

/* The rows of a block of samples by group; returns whether any has none, for which row 0 stands. */
WIDE static int group_rows(const Job *job, int64_t begin, Block *b)
{
    int64_t bad = 0, last = job->rows - 1;
    integers_of(job->group.type, fetch(&job->group, begin, b->n, b->raw[2]), b->n, b->ids);
    for (int i = 0; i < b->n; i++) {
        bad |= b->ids[i] | (last - (b->ids[i] & INT64_MAX)); /* negative if the id is, or one too high */
        b->row[i] = (int32_t)b->ids[i];
    }
    for (int i = 0; i < b->n && bad < 0; i++) b->row[i] = b->ids[i] >= 0 && b->ids[i] <= last ? b->row[i] : 0;
    return bad < 0;
}

/* Labels of a block with one that is no class, or with an id that is no group. */
static void careful_rows(const Job *job, Block *b)
{
    const int64_t *ids = job->by_row == CLASSES ? b->labels : b->ids;
    for (int i = 0; i < b->n && job->by_row != LABELS; i++) b->bad_label[i] |= ids[i] < 0 || ids[i] >= job->rows;
}

/* Fetch a block and fold its validity into one flag. */
WIDE static void read_block(const Job *job, int64_t begin, int n, Block *b)
{
    int bad, nan = 0, out = 0, heavy = 0;
    b->n = n;
    prefetch(&job->preds, begin + n, n);
    prefetch(&job->target, begin + n, n);
    if (job->by_row == GROUPS) prefetch(&job->group, begin + n, n);
    const void *preds = fetch(&job->preds, begin, n, b->raw[0]);
    b->x = scores_of(job->preds.type, preds, n, b->scores);
    b->label_type = job->target.type;
    if (job->by_row == CLASSES) {
        bad = class_labels(job, begin, b);
    } else {
        b->labels = fetch(&job->target, begin, n, b->raw[1]);
        bad = labels_of(job->target.type, b->labels, n, b->y);
    }
    if (job->by_row == GROUPS) bad |= group_rows(job, begin, b);
    if (job->by_row) b->column = (int32_t)(begin % (job->last_row - job->first_row));
    if (job->any_real) b->exact = doubles_of(job->preds.type, preds, b->x, n, b->doubles);
    if (job->any_bounded)
        for (int i = 0; i < n; i++) out |= !(b->x[i] >= 0) | !(b->x[i] <= 1); /* NaN is, too */
    else
        for (int i = 0; i < n; i++) nan |= b->x[i] != b->x[i];
    if (job->any_weighted && job->weight.data) {
        weights_of(job->weight.type, fetch(&job->weight, begin, n, b->raw[2]), n, b->w);
        for (int i = 0; i < n; i++) heavy |= !(b->w[i] >= 0) | !(b->w[i] <= DBL_MAX);
    } else if (job->any_weighted) {
        for (int i = 0; i < n; i++) b->w[i] = 1;
    }
    b->flagged = bad | nan | out | heavy;
    b->careful = b->flagged | job->always_careful;
    if (b->careful) memset(b->bad_label, 0, sizeof b->bad_label);
    if (bad && job->by_row != CLASSES) careful_labels(b);
    if (bad && job->by_row) careful_rows(job, b);
}

static int refuses(const Job *job, Block *b)
{
    for (int k = 0; k < job->tallies && b->flagged; k++) {
        if (!job->tally[k].strict) continue;
        cells_of(&job->tally[k], b);
        if (careful_cells_of(&job->tally[k], b)) return 1;
    }
    return 0;
}

/* The first tally that refuses a batch, and how many of its samples are invalid, by kind. */
static Refusal refusal_of(const Job *job, int64_t n)
{
    Block b;
    Refusal found = {0, 0, {0}};
    for (; found.tally < job->tallies && !found.refused; found.tally += !found.refused) {
        const Tally *t = &job->tally[found.tally];
        for (int64_t at = 0; at < n && t->strict; at += BLOCK) {
            read_block(job, at, (int)(n - at < BLOCK ? n - at : BLOCK), &b);
            if (!b.flagged) continue;
            cells_of(t, &b);
            found.refused |= careful_cells_of(t, &b);
            for (int i = 0; i < b.n; i++)
                if (b.cell[i] > 2 * t->bins) found.kind[b.cell[i] - 2 * t->bins]++;
        }
    }
    return found;
}

/* Counts of a two-bin tally by sums, where scattering into four cells would wait on itself. */
WIDE static void count_two_bins(const Tally *t, const Block *b, int32_t *out)
{
    int32_t above = 0, positives = 0, both = 0;
    for (int i = 0; i < b->n; i++) {
        int32_t called = b->x[i] >= t->at;
        above += called;
        positives += b->y[i];
        both += called & b->y[i];
    }
    out[0] = b->n - above - positives + both;
    out[1] = above - both;
    out[2] = positives - both;
    out[3] = both;
}

/* 1 / (1 + exp(-z)) without overflow. */
static inline double sigmoid(double z)
{
    double e = exp(-fabs(z));
    return (z >= 0 ? 1 : e) / (1 + e);
}

static inline double at_least_zero(double x) { return x > 0 ? x : 0; }

/* log(x) of a number from 0 to 1 to two units in the last place, in a form that the compiler vectorises: libm's takes twice as
   long. x is m 2^k with m from sqrt(1/2) to sqrt(2); log(m) is 2 artanh(s), s = (m - 1) / (m + 1), whose terms from z = s^2 on
   are those of the polynomial in z that strays least from them there, by 2^-57 (Remez). */
static inline double log_of(double x)
{
    const double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33; /* k ln2_high is exact */
    double scaled = x * 0x1p54, k, m, f, s, z, r; /* which is no subnormal number */
    uint64_t bits, power, integer;
    memcpy(&bits, &scaled, sizeof bits);
    power = (bits + 0x00095f619980c433) >> 52; /* k + 54 + 1023 */
    integer = power | 0x4330000000000000;      /* as a double, 2^52 more */
    bits -= (power << 52) - 0x3ff0000000000000;
    memcpy(&k, &integer, sizeof k);
    memcpy(&m, &bits, sizeof m);
    k -= 0x1p52 + 1023 + 54;
    f = m - 1;
    s = f / (2 + f);
    z = s * s;
    r = 0x1.74663ee86efdep-3 + z * (0x1.39a1bab732d72p-3 + z * 0x1.2f056386b76cdp-3);
    r = 0x1.5555555555592p-1 + z * (0x1.999999997fdb7p-2 + z * (0x1.24924941f124fp-2 + z * (0x1.c71c52095d14dp-3 + z * r)));
    return x > 0 ? k * ln2_high - ((s * (f - z * r) - k * ln2_low) - f) : -INFINITY;
}

/* Minus the logarithm of the probability of a label: of q, which is p or 1 - p, with what that was rounded by: lost / q, where
   2 - q is near enough to 1 / q. Without a choice by the label, an integer, which takes as long as all the rest. */
static inline double log_loss(double p, int32_t positive)
{
    double negative = 1 - positive, q = fabs(negative - p), lost = negative * ((1 - q) - p);
    return -(log_of(q) + lost * (2 - q));
}

#define VALUES(EXPRESSION) \
    for (int i = 0; i < n; i++) { \
        double p = s[i] > 0 ? s[i] < 1 ? s[i] : 1 : 0, against = y[i] ? -s[i] : s[i]; \
        (void)p, (void)against; \
        out[i] = (EXPRESSION); \
    } \
    break;

/* What each sample of a block adds to a sum, before weights; those of invalid samples have no meaning. */
WIDE static void values_of(const Summand *sum, const Tally *t, const Block *b, double *restrict out)
{
    const double *restrict s = b->exact;
    const int32_t *restrict y = b->y;
    int n = b->n;
    switch (2 * sum->kind + t->logits) {
    case 2 * PROBABILITY: VALUES(p)
    case 2 * PROBABILITY + 1: VALUES(sigmoid(s[i]))
    case 2 * SQUARED_ERROR: VALUES(y[i] ? 1 - p : p)
    case 2 * SQUARED_ERROR + 1: VALUES(sigmoid(against))
    case 2 * LOG_LOSS: VALUES(log_loss(p, y[i]))
    case 2 * LOG_LOSS + 1: VALUES(at_least_zero(against) + log1p(exp(-fabs(against))))
    case 2 * SQUARED_WEIGHT:
    case 2 * SQUARED_WEIGHT + 1: VALUES(t->weighted ? b->w[i] : 1)
    default: VALUES(at_least_zero(1 + against))
    }
    if (sum->kind == SQUARED_ERROR || sum->kind == SQUARED_HINGE)
        for (int i = 0; i < n; i++) out[i] *= out[i];
    if (sum->kind == LOG_LOSS && sum->low > 0) /* else there is nothing to clip */
        for (int i = 0; i < n; i++) out[i] = out[i] < sum->low ? sum->low : out[i] > sum->high ? sum->high : out[i];
}

/* Add a block's samples to float64 cells, and to the sums after them; invalid samples and weights of 0 add to no sum. */
WIDE static void scatter_real(const Tally *t, Block *b)
{
    double *counts = t->counts, *sums = counts + 2 * t->bins + EXTRA_CELLS;
    int32_t valid = 2 * t->bins;
    for (int i = 0; i < b->n; i++) counts[b->cell[i]] += t->weighted && b->cell[i] < valid ? b->w[i] : 1;
    for (int k = 0; k < t->sums; k++, sums += valid) {
        if (t->weighted && t->sum[k].kind == SQUARED_WEIGHT) { /* which every weighted metric sums: a third of the time */
            for (int i = 0; i < b->n; i++)
                if (b->cell[i] < valid) sums[b->cell[i]] += b->w[i] * b->w[i];
            continue;
        }
        values_of(&t->sum[k], t, b, b->value);
        if (!t->weighted && !b->careful) {
            for (int i = 0; i < b->n; i++) sums[b->cell[i]] += b->value[i];
            continue;
        }
        for (int i = 0; i < b->n; i++) {
            double w = t->weighted ? b->w[i] : 1;
            if (b->cell[i] < valid && w > 0) sums[b->cell[i]] += b->value[i] * w;
        }
    }
}

/* Add a block with a sample outside the private cells of a tally to the cells that threads share. */
WIDE static Hit scatter_astray(const Tally *whole, Block *b, _Atomic uint32_t *shared)
{
    Hit hit = cells_of(whole, b);
    if (b->careful) {
        careful_cells_of(whole, b);
        hit.off_edge = off_edge_of(whole, b);
    }
    for (int i = 0; i < b->n; i++) atomic_fetch_add_explicit(&shared[b->cell[i]], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&shared[2 * whole->bins + OFF_EDGE], (uint32_t)hit.off_edge, memory_order_relaxed);
    return (Hit){INT32_MAX, 0, 0};
}

/* Whether bins have private cells. */
static inline int covers(const Tally *t, Hit hit) { return hit.low >= t->base && hit.high < t->base + t->stride; }

/* Add a block's cells to the counts of a tally, or to the private ones of a thread, perhaps in two tables; sign -1 takes them
   back. Private cells that do not cover the block stay as they are. */
WIDE static Hit scatter(const Tally *t, Block *b, uint32_t *own, int tables, int sign)
{
    int64_t *counts = t->counts;
    int32_t two[4], n = b->n, i = 0, off_edge = 2 * t->stride + OFF_EDGE;
    Hit hit = {0, 1, n};
    uint32_t *twin = own;
    if (t->kind == THRESHOLD && !b->careful && !t->weighted && !t->sums) {
        count_two_bins(t, b, two);
        for (; i < 4; i++) {
            if (own) own[i] += (uint32_t)two[i];
            else counts[i] += sign * two[i];
        }
        if (own) own[off_edge] += (uint32_t)n;
        else counts[off_edge] += sign * n;
        return hit;
    }
    hit = cells_of(t, b);
    if (own && !covers(t, hit)) return hit;
    if (b->careful) {
        careful_cells_of(t, b);
        hit.off_edge = off_edge_of(t, b);
    }
    if (t->weighted || t->sums) {
        scatter_real(t, b);
        ((double *)t->counts)[off_edge] += hit.off_edge;
    } else if (own) {
        own[off_edge] += (uint32_t)hit.off_edge;
        if (tables > 1 && hit.high - hit.low < CROWDED) twin += 2 * t->stride + EXTRA_CELLS;
        for (; i + 1 < n; i += 2) {
            own[b->cell[i]]++;
            twin[b->cell[i + 1]]++;
        }
        if (i < n) own[b->cell[i]]++;
    } else {
        counts[off_edge] += sign * hit.off_edge;
        for (; i < n; i++) counts[b->cell[i]] += sign;
    }
    return hit;
}

/* The samples of a block that are in rows of the job, and where they count from their row's first cell on; returns their number. */
WIDE static int rows_of(const Job *job, const Tally *t, const Block *b, int32_t *mine, int64_t *at)
{
    int64_t row_cells = (int64_t)2 * t->bins * (1 + t->sums) + EXTRA_CELLS, start = (job->first_row + b->column) * row_cells;
    int32_t column = b->column, width = job->last_row - job->first_row;
    int n = 0;
    if (job->by_row == GROUPS && width == job->rows && row_cells <= INT32_MAX) { /* as one thread does, in vectors */
        for (int i = 0; i < b->n; i++) {
            mine[i] = i;
            at[i] = (int64_t)b->row[i] * (int32_t)row_cells + b->cell[i];
        }
        return b->n;
    }
    if (job->by_row == GROUPS) {
        for (int i = 0; i < b->n; i++) {
            mine[n] = i;
            at[n] = b->row[i] * row_cells + b->cell[i];
            n += (b->row[i] >= job->first_row) & (b->row[i] < job->last_row);
        }
        return n;
    }
    for (int i = 0; i < b->n; i++) mine[i] = i;
    while (n < b->n) {
        int run = width - column < b->n - n ? width - column : b->n - n;
        for (int i = n; i < n + run; i++, start += row_cells) at[i] = start + b->cell[i];
        n += run;
        column = 0;
        start = job->first_row * row_cells;
    }
    return n;
}

/* Add a block's samples to the rows of a tally that the job counts; returns how many lie off an edge, once for all threads. */
WIDE static int64_t scatter_rows(const Job *job, const Tally *t, Block *b, int sign)
{
    int64_t at[BLOCK], *counts = t->counts, off_edge = 0;
    int32_t valid = 2 * t->bins, mine[BLOCK];
    Hit hit = cells_of(t, b);
    if (b->careful) careful_cells_of(t, b);
    int n = rows_of(job, t, b, mine, at);
    int first = job->by_row != GROUPS || job->first_row == 0; /* of the threads that see a sample */
    if (first && !b->careful) off_edge = hit.off_edge;
    for (int i = 0; first && b->careful && i < b->n; i++) off_edge += b->cell[i] < valid && lies_off_edge(t, b->x[i]);
    if (!t->weighted && !t->sums) {
        for (int k = 0; k < n; k++) fetch_to_write(&counts[at[k]]);
        for (int k = 0; k < n; k++) counts[at[k]] += sign;
        return off_edge;
    }
    for (int s = -1; s < t->sums; s++) {
        double *sums = (double *)t->counts + (s < 0 ? 0 : (s + 1) * (int64_t)valid + EXTRA_CELLS);
        if (s >= 0) values_of(&t->sum[s], t, b, b->value);
        for (int k = 0; k < n; k++) {
            int i = mine[k], is_valid = b->cell[i] < valid;
            double w = t->weighted && is_valid ? b->w[i] : 1;
            if (s < 0) sums[at[k]] += w;
            else if (is_valid && w > 0) sums[at[k]] += b->value[i] * w;
        }
    }
    return off_edge;
}

/* A job of its own for some rows, and what it found: where it stopped, at the end or at a block that is refused. */
typedef struct {
    Job job;
    int64_t n, done, off_edge[MAX_TALLIES];
} RowShare;

static void count_rows_of(RowShare *share, int64_t end, int sign)
{
    const Job *job = &share->job;
    Block b;
    for (share->done = 0; share->done < end; share->done += BLOCK) {
        read_block(job, share->done, (int)(share->n - share->done < BLOCK ? share->n - share->done : BLOCK), &b);
        if (sign > 0 && refuses(job, &b)) return;
        for (int k = 0; k < job->tallies; k++) share->off_edge[k] += scatter_rows(job, &job->tally[k], &b, sign);
    }
}

/* Count the samples of a range; returns where it stopped: at the end, or at a block that is refused. */
static int64_t count_range(const Job *job, int64_t begin, int64_t end, int sign)
{
    Block b;
    for (int64_t at = begin; at < end; at += BLOCK) {
        read_block(job, at, (int)(end - at < BLOCK ? end - at : BLOCK), &b);
        if (refuses(job, &b)) return at;
        for (int k = 0; k < job->tallies; k++) scatter(&job->tally[k], &b, NULL, 1, sign);
    }
    return end;
}

/* Count the samples of a share into its private cells; returns whether that was refused. */
static int count_share(const Share *share, Hit *hit)
{
    Apart *apart = share->apart;
    const Job *job = apart->job;
    Block b;
    for (int64_t at = share->begin; at < share->end; at += BLOCK) {
        uint32_t *own = share->own;
        _Atomic uint32_t *astray = apart->astray;
        read_block(job, at, (int)(share->end - at < BLOCK ? share->end - at : BLOCK), &b);
        if (refuses(job, &b)) return 1;
        for (int k = 0; k < job->tallies; k++) {
            const Tally *t = &apart->narrow.tally[k];
            Hit seen = scatter(t, &b, own, apart->tables, 1);
            if (!covers(t, seen)) {
                seen = scatter_astray(&job->tally[k], &b, astray);
                atomic_store_explicit(&apart->strays, 1, memory_order_relaxed);
            }
            hit[k].low = seen.low < hit[k].low ? seen.low : hit[k].low;
            hit[k].high = seen.high > hit[k].high ? seen.high : hit[k].high;
            own += apart->tables * (2 * t->stride + EXTRA_CELLS);
            astray += astray ? 2 * t->bins + EXTRA_CELLS : 0;
        }
    }
    return 0;
}

/* Narrow the tallies of a job to the bins of some blocks of the batch and a few more; returns whether any is narrower then. */
static int narrow(Job *job, int64_t n)
{
    Block b;
    Hit hit[MAX_TALLIES];
    int narrower = 0;
    for (int k = 0; k < job->tallies; k++) hit[k] = (Hit){INT32_MAX, 0, 0};
    for (int64_t at = 0, step = n / SAMPLED / BLOCK * BLOCK + BLOCK; at < n; at += step) {
        read_block(job, at, (int)(n - at < BLOCK ? n - at : BLOCK), &b);
        for (int k = 0; k < job->tallies; k++) {
            Hit seen = cells_of(&job->tally[k], &b);
            hit[k].low = seen.low < hit[k].low ? seen.low : hit[k].low;
            hit[k].high = seen.high > hit[k].high ? seen.high : hit[k].high;
        }
    }
    for (int k = 0; k < job->tallies; k++) {
        Tally *t = &job->tally[k];
        int32_t more = (hit[k].high - hit[k].low) / 8 + 64, low = hit[k].low - more, high = hit[k].high + more;
        low = low > 0 ? low : 0;
        high = high < t->bins ? high : t->bins - 1;
        if (t->kind == THRESHOLD || high - low >= t->bins - t->bins / 4) continue;
        t->base = low;
        t->stride = high - low + 1;
        narrower = 1;
    }
    return narrower;
}

/* Number of cells of all tallies. */
static int64_t cells_in(const Job *job)
{
    int64_t cells = 0;
    for (int k = 0; k < job->tallies; k++) cells += 2 * job->tally[k].stride + EXTRA_CELLS;
    return cells;
}

/* Whether a whole batch is acceptable: float64 sums cannot be taken back, so they are checked beforehand. */
static int acceptable(const Job *job, int64_t n)
{
    Block b;
    for (int64_t at = 0; at < n; at += BLOCK) {
        read_block(job, at, (int)(n - at < BLOCK ? n - at : BLOCK), &b);
        if (refuses(job, &b)) return 0;
    }
    return 1;
}

static void run_share(Share *share)
{
    for (int k = 0; k < share->apart->job->tallies; k++) share->hit[k] = (Hit){INT32_MAX, 0, 0};
    share->refused = count_share(share, share->hit);
}

/* The shares of a batch; each thread of a team takes the next until none is left. */
typedef struct {
    void *share;
    int shares;
    atomic_int next;
} Shares;

static void run_shares(void *argument)
{
    Shares *all = argument;
    for (int k; (k = atomic_fetch_add(&all->next, 1)) < all->shares;) run_share((Share *)all->share + k);
}

typedef void (*team_runner)(void (*)(void *), void *, unsigned, unsigned);

/* GOMP_parallel of the OpenMP that torch has loaded, if any: its threads are there already, and often still spin after
   torch's last operation, so that threads of our own would have to share a core with them. */
static team_runner team(void)
{
    team_runner found = NULL;
#ifndef _WIN32
    void *symbol = dlsym(RTLD_DEFAULT, "GOMP_parallel");
    memcpy(&found, &symbol, sizeof found);
#endif
    return found;
}

/* Add a thread's private counts to the shared ones, touching only the pages that it touched. */
WIDE static void merge(const Share *share)
{
    const uint32_t *own = share->own;
    for (int k = 0; k < share->apart->job->tallies; k++) {
        const Tally *t = &share->apart->narrow.tally[k];
        int64_t *counts = t->counts;
        Hit hit = share->hit[k];
        for (int table = 0; table < share->apart->tables; table++, own += 2 * t->stride + EXTRA_CELLS) {
            for (int32_t i = hit.low; i <= hit.high; i++) counts[i] += own[i - t->base];
            for (int32_t i = hit.low; i <= hit.high; i++) counts[t->bins + i] += own[t->stride + i - t->base];
            for (int32_t i = 0; i < EXTRA_CELLS; i++) counts[2 * t->bins + i] += own[2 * t->stride + i];
        }
    }
}

/* Add the counts that lay outside all private cells to the shared ones. */
static void merge_astray(const Apart *apart)
{
    const uint32_t *astray = (const uint32_t *)apart->astray;
    for (int k = 0; k < apart->job->tallies; k++) {
        const Tally *t = &apart->job->tally[k];
        int64_t *counts = t->counts;
        for (int32_t i = 0; i < 2 * t->bins + EXTRA_CELLS; i++) counts[i] += astray[i];
        astray += 2 * t->bins + EXTRA_CELLS;
    }
}

/* Count a large batch into private cells, on several threads; returns 0 if refused, -1 if there is no memory. */
static int count_shares(Apart *apart, int64_t n, int threads)
{
    Share shares[MAX_THREADS];
    int64_t step = (n / threads + BLOCK) / BLOCK * BLOCK, each = cells_in(&apart->narrow) * apart->tables;
    uint32_t *own = calloc((size_t)(threads * each), sizeof *own);
    int refused = 0;
    if (!own) return -1;
    for (int k = 0; k < threads; k++) {
        int64_t begin = k * step < n ? k * step : n, end = (k + 1) * step < n ? (k + 1) * step : n;
        shares[k] = (Share){apart, begin, end, own + k * each, 0, {{0, 0, 0}}};
    }
    Shares all = {shares, threads, 0};
    team_runner run = team();
    if (threads > 1 && run) run(run_shares, &all, (unsigned)threads, 0);
    run_shares(&all); /* whatever is left, which is all of it where there is no team */
    for (int k = 0; k < threads; k++) refused |= shares[k].refused;
    for (int k = 0; k < threads && !refused; k++) merge(&shares[k]);
    if (!refused && apart->strays) merge_astray(apart);
    free(own);
    return !refused;
}

/* Count a large batch apart, in no more memory than 4 MB or a tenth of its own; returns 0 if refused, -1 if that is too little. */
static int count_apart(const Job *job, int64_t n, int threads)
{
    Apart apart = {.job = job, .narrow = *job};
    int64_t bytes = n * (ITEM_BYTES[job->preds.type] + ITEM_BYTES[job->target.type]) / 10;
    int64_t shared = narrow(&apart.narrow, n) ? cells_in(job) : 0, cells = cells_in(&apart.narrow);
    int64_t fit = ((bytes > PRIVATE_BYTES ? bytes : PRIVATE_BYTES) / (int64_t)sizeof(uint32_t) - shared) / cells;
    int done;
    if (fit < 1) return -1;
    threads = threads > MAX_THREADS ? MAX_THREADS : threads;
    threads = threads > fit ? (int)fit : threads;
    apart.tables = 2 * threads <= fit ? 2 : 1;
    apart.astray = shared ? calloc((size_t)shared, sizeof *apart.astray) : NULL;
    done = shared && !apart.astray ? -1 : count_shares(&apart, n, threads);
    free(apart.astray);
    return done;
}

static void run_row_shares(void *argument)
{
    Shares *all = argument;
    for (int k; (k = atomic_fetch_add(&all->next, 1)) < all->shares;) {
        RowShare *share = (RowShare *)all->share + k;
        count_rows_of(share, share->n, 1);
    }
}

/* Add the numbers of samples off an edge, which stand in the first row for all. */
static void add_off_edges(const RowShare *share)
{
    for (int k = 0; k < share->job.tallies; k++) {
        const Tally *t = &share->job.tally[k];
        int64_t cell = 2 * (int64_t)t->bins + OFF_EDGE;
        if (t->weighted || t->sums) ((double *)t->counts)[cell] += (double)share->off_edge[k];
        else ((int64_t *)t->counts)[cell] += share->off_edge[k];
    }
}

/* The columns of a source from one on. */
static Source columns_of(const Source *s, int64_t rows, int64_t first, int64_t last, int64_t n)
{
    Source part = *s;
    int bytes = ITEM_BYTES[s->type];
    if (!s->data || (first == 0 && last == rows)) return part;
    if (!s->dims) {
        part.dims = 2;
        part.size[0] = n / rows;
        part.stride[0] = rows * bytes;
        part.stride[1] = bytes;
    }
    part.size[part.dims - 1] = last - first;
    part.data += first * part.stride[part.dims - 1];
    return part;
}

/* Count a batch by row, each thread the rows that are its own, so that none waits for another; returns as count_all. */
static int count_rows(const Job *job, int64_t n, int threads)
{
    int shares = threads < 1 ? 1 : threads > job->rows ? job->rows : threads, refused = 0;
    RowShare *share;
    if (job->any_real && !acceptable(job, n)) return 0;
    if (!(share = calloc((size_t)shares, sizeof *share))) return -1;
    for (int k = 0; k < shares; k++) {
        int32_t first = (int32_t)((int64_t)job->rows * k / shares), last = (int32_t)((int64_t)job->rows * (k + 1) / shares);
        share[k].job = *job;
        share[k].job.first_row = first;
        share[k].job.last_row = last;
        share[k].n = n;
        if (job->by_row == GROUPS) continue;
        share[k].n = n / job->rows * (last - first);
        share[k].job.preds = columns_of(&job->preds, job->rows, first, last, n);
        share[k].job.weight = columns_of(&job->weight, job->rows, first, last, n);
        if (job->by_row == LABELS) share[k].job.target = columns_of(&job->target, job->rows, first, last, n);
    }
    Shares all = {share, shares, 0};
    team_runner run = team();
    if (shares > 1 && run) run(run_row_shares, &all, (unsigned)shares, 0);
    run_row_shares(&all);
    for (int k = 0; k < shares; k++) refused |= share[k].done < share[k].n;
    for (int k = 0; k < shares && refused; k++) count_rows_of(&share[k], share[k].done, -1);
    for (int k = 0; k < shares && !refused; k++) add_off_edges(&share[k]);
    free(share);
    return !refused;
}

/* Count a batch; returns 1, or with the counts as they were 0 if it is refused, -1 if there is no memory. */
static int count_all(const Job *job, int64_t n, int threads)
{
    int64_t done;
    if (job->by_row) return count_rows(job, n, threads);
    if (job->any_real) return acceptable(job, n) && count_range(job, 0, n, 1) == n;
    if (threads > 0 && n < INT32_MAX) {
        int done_apart = count_apart(job, n, threads);
        if (done_apart >= 0) return done_apart;
    }
    done = count_range(job, 0, n, 1);
    if (done == n) return 1;
    count_range(job, 0, done, -1);
    return 0;
}

/* Raises ValueError unless a condition holds; an error that was raised before stays. */
static int require(int holds, const char *what)
{
    if (!holds && !PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, what);
    return holds && !PyErr_Occurred();
}

/* The sizes and strides of a tensor of n samples. */
static int read_geometry(PyObject *given, int64_t n, Source *s)
{
    Py_ssize_t dims = PyTuple_Size(given) / 2;
    int64_t samples = 1;
    if (!require(dims >= 1 && dims <= MAX_DIMS, "dimensions")) return 0;
    s->dims = (int)dims;
    for (Py_ssize_t d = 0; d < dims; d++) {
        s->size[d] = PyLong_AsLongLong(PyTuple_GetItem(given, d));
        s->stride[d] = PyLong_AsLongLong(PyTuple_GetItem(given, dims + d)) * ITEM_BYTES[s->type];
        if (!require(s->size[d] >= 0 && (!s->size[d] || samples <= INT64_MAX / s->size[d]), "sizes")) return 0;
        samples *= s->size[d];
    }
    return require(samples == n, "sizes that are not those of n samples");
}

static int read_source(PyObject *const *args, int64_t n, Source *s)
{
    s->data = PyLong_AsVoidPtr(args[0]);
    s->type = (int)PyLong_AsLong(args[1]);
    s->dims = 0;
    if (!require(s->type >= F32 && s->type < TYPES, "dtype code")) return 0;
    return args[2] == Py_None || read_geometry(args[2], n, s);
}

static int read_tally(PyObject *plan, PyObject *counts, Tally *t)
{
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(plan, &data, &size) < 0) return 0;
    if (!require(size == sizeof *t, "plan")) return 0;
    memcpy(t, data, sizeof *t);
    t->counts = PyLong_AsVoidPtr(counts);
    t->base = 0;
    t->stride = t->bins;
    return require(t->counts != NULL, "counts without memory");
}

/* count(n, threads, by_row, rows, preds, type, geometry, target, ..., weight, ..., group, ..., plan, counts, ...) -> None, or
   of a batch that is refused (tally, bad labels, NaN scores, scores out of range, bad weights) */
static PyObject *py_count(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Job job = {0};
    (void)module;
    if (nargs < FIRST_PLAN + 2 || (nargs - FIRST_PLAN) % 2 || (nargs - FIRST_PLAN) / 2 > MAX_TALLIES) {
        PyErr_SetString(PyExc_TypeError, "count: number of arguments");
        return NULL;
    }
    int64_t n = PyLong_AsLongLong(args[0]);
    int threads = (int)PyLong_AsLong(args[1]);
    Refusal refusal = {0};
    job.by_row = (int)PyLong_AsLong(args[2]);
    job.rows = job.last_row = (int32_t)PyLong_AsLong(args[3]);
    if (!require(n >= 0, "number of samples") || !require(job.by_row >= NO_ROWS && job.by_row <= GROUPS, "kind of rows")
        || !require(!job.by_row || job.rows > 0, "number of rows")) return NULL;
    int64_t labels = job.by_row == CLASSES ? n / job.rows : n;
    if (!read_source(args + 4, n, &job.preds) || !read_source(args + 7, labels, &job.target)
        || !read_source(args + 10, n, &job.weight) || !read_source(args + 13, n, &job.group)) return NULL;
    if (!require(job.by_row != GROUPS || !n || job.group.data, "ids without memory")) return NULL;
    if (!require(!n || (job.preds.data && job.target.data), "tensors without memory")) return NULL;
    for (Py_ssize_t k = FIRST_PLAN; k < nargs; k += 2) {
        Tally *t = &job.tally[job.tallies++];
        if (!read_tally(args[k], args[k + 1], t)) return NULL;
        job.any_bounded |= t->bounded;
        job.always_careful |= t->ignoring && t->ignore >= 0 && t->ignore < (job.by_row == CLASSES ? job.rows : 2);
        job.any_weighted |= t->weighted;
        job.any_real |= t->weighted || t->sums;
    }
    int counted;
    if (n > BLOCK * 8) {
        Py_BEGIN_ALLOW_THREADS
        counted = count_all(&job, n, threads);
        if (!counted) refusal = refusal_of(&job, n);
        Py_END_ALLOW_THREADS
    } else { /* shorter than handing over the interpreter */
        counted = count_all(&job, n, 0);
        if (!counted) refusal = refusal_of(&job, n);
    }
    if (counted < 0) return PyErr_NoMemory();
    if (!refusal.refused) Py_RETURN_NONE;
    const int64_t *kind = refusal.kind;
    return Py_BuildValue("iLLLL", refusal.tally, (long long)kind[BAD_LABEL], (long long)kind[NAN_SCORE],
                         (long long)kind[OUT_OF_RANGE], (long long)kind[BAD_WEIGHT]);
}

/* The summands of a plan, (kind, low, high) each; returns 0 on an error. */
static int read_summands(PyObject *given, Tally *t)
{
    Py_ssize_t sums = PyTuple_Size(given);
    if (sums < 0) return 0;
    if (!require(sums <= MAX_SUMS, "summands")) return 0;
    for (t->sums = 0; t->sums < sums; t->sums++) {
        Summand *sum = &t->sum[t->sums];
        if (!PyArg_ParseTuple(PyTuple_GetItem(given, t->sums), "idd", &sum->kind, &sum->low, &sum->high)) return 0;
    }
    return 1;
}

/* plan(kind, strict, weighted, bounded, ignoring, logits, bins, first, guides, step, at, runs, ignore, guide, edges,
   summands) -> bytes */
static PyObject *py_plan(PyObject *module, PyObject *args)
{
    Tally t;
    long long ignore;
    Py_ssize_t guide, edges;
    PyObject *summands;
    (void)module;
    memset(&t, 0, sizeof t);
    Runs *r = &t.runs;
    if (!PyArg_ParseTuple(args, "iiiiiiiiiif(fffiiiiiii)LnnO", &t.kind, &t.strict, &t.weighted, &t.bounded, &t.ignoring,
                          &t.logits, &t.bins, &t.first, &t.guides, &t.step, &t.at, &r->low, &r->high, &r->around, &r->near,
                          &r->far, &r->shift, &r->fine, &r->first, &r->middle, &r->last, &ignore, &guide, &edges, &summands)
        || !read_summands(summands, &t)) return NULL;
    int edges_are_there = t.kind != EDGES || (guide && edges && t.guides > 0 && t.step > 0);
    if (!require(t.kind >= THRESHOLD && t.kind <= EDGES && t.bins > 0 && t.bins <= (INT32_MAX - EXTRA_CELLS) / 2, "cuts")
        || !require(r->shift >= 0 && r->shift < 31 && r->fine >= 0 && r->fine < 31 && edges_are_there, "edges")) return NULL;
    t.ignore = ignore;
    t.guide = (const int32_t *)guide;
    t.edges = (const float *)edges;
    return PyBytes_FromStringAndSize((const char *)&t, sizeof t);
}

static PyMethodDef methods[] = {
    {"count", (PyCFunction)(void (*)(void))py_count, METH_FASTCALL, "Count a batch in place; False if it holds invalid samples."},
    {"plan", py_plan, METH_VARARGS, "What count needs to know of a layout."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_cpu", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__cpu(void) { return PyModule_Create(&definition); }
