/* vec.h's maximum, minimum and relu's over arrays, for test_lanes.py; `count` is a multiple of GRAIN. */
#include "vec.h"

#if defined(_WIN32)
#define API __declspec(dllexport)
#else
#define API __attribute__((visibility("default")))
#endif

#define EACH(name, value) \
    API void name(int count, const float *left, const float *right, float *out) \
    { \
        for (int i = 0; i < count; i += LANES) { \
            const vec a = v_load(left + i), b = v_load(right + i), zero = v_set(0.0f); \
            (void)a, (void)zero; \
            v_store(out + i, value); \
        } \
    }

API void maximum(int count, const float *left, const float *right, float *out);
API void minimum(int count, const float *left, const float *right, float *out);
API void rectified(int count, const float *left, const float *right, float *out);
API void lowered(int count, const float *left, const float *right, float *out);
EACH(maximum, v_max(a, b))
EACH(minimum, v_min(a, b))
EACH(rectified, v_max(zero, b))
EACH(lowered, v_min(zero, b))
