/* The same work that Program.cs does through DotMlx, written against the C API: the yardstick of the comparison.
   mlxc.h is written by the program from bindings/api, so that C and C# call the same prototypes. */
#include "mlxc.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAYERS 3
#define PARAMETERS (2 * LAYERS)
#define STEP (3 * PARAMETERS)
#define RATE (STEP + 1)
#define STATE (RATE + 1) /* the parameters, both averages, the optimizer's step, and its learning rate */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static mlx_array scalar(float value) { return mlx_array_new_float32(value); }

/* Each compare_* function returns nanoseconds for the whole of its work. */

double compare_scalar_add(int count, mlx_stream s) {
  mlx_array a = scalar(1.0f), b = scalar(2.0f);
  double start = now();
  for (int i = 0; i < count; i++) {
    mlx_array r = {0};
    mlx_add(&r, a, b, s);
    mlx_array_free(r);
  }
  double elapsed = now() - start;
  mlx_array_free(a);
  mlx_array_free(b);
  return elapsed;
}

static void eval_one(mlx_array a) {
  mlx_vector_array v = mlx_vector_array_new_value(a);
  mlx_eval(v);
  mlx_vector_array_free(v);
}

double compare_chain(int length, int size, int repeats, mlx_stream s) {
  float *data = malloc(sizeof(float) * (size_t)size);
  for (int i = 0; i < size; i++) data[i] = 1.0f;
  int shape[1] = {size};
  mlx_array x = mlx_array_new_data(data, shape, 1, MLX_FLOAT32);
  mlx_array b = mlx_array_new_data(data, shape, 1, MLX_FLOAT32);
  free(data);
  double start = now();
  for (int k = 0; k < repeats; k++) {
    mlx_array y = {0};
    mlx_add(&y, x, b, s);
    for (int i = 1; i < length; i++) {
      mlx_array next = {0};
      if (i & 1) mlx_multiply(&next, y, b, s);
      else mlx_add(&next, y, b, s);
      mlx_array_free(y);
      y = next;
    }
    eval_one(y);
    mlx_array_free(y);
  }
  double elapsed = now() - start;
  mlx_array_free(x);
  mlx_array_free(b);
  return elapsed;
}

double compare_read(int size, int repeats, float *destination, mlx_stream s) {
  int shape[1] = {size};
  mlx_array a = {0};
  mlx_array one = scalar(1.0f);
  mlx_full(&a, shape, 1, one, MLX_FLOAT32, s);
  eval_one(a);
  double start = now();
  for (int k = 0; k < repeats; k++) memcpy(destination, mlx_array_data_float32(a), sizeof(float) * (size_t)size);
  double elapsed = now() - start;
  mlx_array_free(a);
  mlx_array_free(one);
  return elapsed;
}

/* Adam without bias correction, in the operations and order of DotMlx.Optimizers.Adam. */
typedef struct {
  mlx_array beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon, one;
} adam;

static mlx_array counter(uint64_t value) {
  int none = 0;
  return mlx_array_new_data(&value, &none, 0, MLX_UINT64);
}

static adam adam_new(void) {
  adam o = {scalar(0.9f), scalar((float)(1 - 0.9)), scalar(0.999f), scalar((float)(1 - 0.999)), scalar(1e-8f), counter(1)};
  return o;
}

static void adam_free(adam o) {
  mlx_array_free(o.beta1);
  mlx_array_free(o.one_minus_beta1);
  mlx_array_free(o.beta2);
  mlx_array_free(o.one_minus_beta2);
  mlx_array_free(o.epsilon);
  mlx_array_free(o.one);
}

/* Computes the successors of w, m and v, which stay valid. */
static void adam_next(const adam *o, mlx_array rate, mlx_array g, mlx_array w, mlx_array m, mlx_array v, mlx_array *next_w,
                      mlx_array *next_m, mlx_array *next_v, mlx_stream s) {
  mlx_array t1 = {0}, t2 = {0}, nm = {0}, t3 = {0}, sq = {0}, t4 = {0}, nv = {0};
  mlx_multiply(&t1, o->beta1, m, s);
  mlx_multiply(&t2, o->one_minus_beta1, g, s);
  mlx_add(&nm, t1, t2, s);
  mlx_multiply(&t3, o->beta2, v, s);
  mlx_square(&sq, g, s);
  mlx_multiply(&t4, o->one_minus_beta2, sq, s);
  mlx_add(&nv, t3, t4, s);
  mlx_array num = {0}, root = {0}, den = {0}, q = {0}, nw = {0};
  mlx_multiply(&num, rate, nm, s);
  mlx_sqrt(&root, nv, s);
  mlx_add(&den, root, o->epsilon, s);
  mlx_divide(&q, num, den, s);
  mlx_subtract(&nw, w, q, s);
  mlx_array temporaries[] = {t1, t2, t3, sq, t4, num, root, den, q};
  for (size_t i = 0; i < sizeof(temporaries) / sizeof(*temporaries); i++) mlx_array_free(temporaries[i]);
  *next_w = nw;
  *next_m = nm;
  *next_v = nv;
}

/* Replaces *w, *m and *v by their successors. */
static void adam_step(const adam *o, mlx_array rate, mlx_array g, mlx_array *w, mlx_array *m, mlx_array *v, mlx_stream s) {
  mlx_array old[] = {*w, *m, *v};
  adam_next(o, rate, g, old[0], old[1], old[2], w, m, v, s);
  for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++) mlx_array_free(old[i]);
}

static mlx_array zeros(const int *shape, int dims, mlx_stream s) {
  mlx_array a = {0};
  mlx_zeros(&a, shape, (size_t)dims, MLX_FLOAT32, s);
  return a;
}

static void swap(mlx_array **a, mlx_array **b) {
  mlx_array *before = *a;
  *a = *b;
  *b = before;
}

/* Like an update of DotMlx, one whole update either succeeds or changes nothing: what it replaces lives until the last leaf is done. The
   first update, which finds no memory in the caches, isn't timed. */
double compare_apply_gradients(int leaves, int size, int repeats, int evaluate, mlx_stream s) {
  int shape[1] = {size};
  mlx_array *w = calloc((size_t)leaves, sizeof *w), *m = calloc((size_t)leaves, sizeof *m);
  mlx_array *v = calloc((size_t)leaves, sizeof *v), *g = calloc((size_t)leaves, sizeof *g);
  mlx_array *next_w = calloc((size_t)leaves, sizeof *w), *next_m = calloc((size_t)leaves, sizeof *m);
  mlx_array *next_v = calloc((size_t)leaves, sizeof *v);
  mlx_array one = scalar(0.5f);
  mlx_vector_array all = mlx_vector_array_new();
  for (int i = 0; i < leaves; i++) {
    mlx_full(&w[i], shape, 1, one, MLX_FLOAT32, s);
    mlx_full(&g[i], shape, 1, one, MLX_FLOAT32, s);
    m[i] = zeros(shape, 1, s);
    v[i] = zeros(shape, 1, s);
    mlx_array four[4] = {w[i], g[i], m[i], v[i]};
    mlx_vector_array_append_data(all, four, 4);
  }
  mlx_eval(all);
  mlx_vector_array_free(all);
  adam o = adam_new();
  mlx_array rate = scalar(1e-3f);
  double elapsed = 0;
  for (int k = -1; k < repeats; k++) {
    double start = now();
    for (int i = 0; i < leaves; i++) adam_next(&o, rate, g[i], w[i], m[i], v[i], &next_w[i], &next_m[i], &next_v[i], s);
    for (int i = 0; i < leaves; i++) {
      mlx_array_free(w[i]);
      mlx_array_free(m[i]);
      mlx_array_free(v[i]);
    }
    swap(&w, &next_w);
    swap(&m, &next_m);
    swap(&v, &next_v);
    if (!evaluate && k >= 0) elapsed += now() - start;
    mlx_vector_array result = mlx_vector_array_new();
    for (int i = 0; i < leaves; i++) {
      mlx_array three[3] = {w[i], m[i], v[i]};
      mlx_vector_array_append_data(result, three, 3);
    }
    mlx_eval(result);
    mlx_vector_array_free(result);
    if (evaluate && k >= 0) elapsed += now() - start;
  }
  for (int i = 0; i < leaves; i++) {
    mlx_array_free(w[i]);
    mlx_array_free(m[i]);
    mlx_array_free(v[i]);
    mlx_array_free(g[i]);
  }
  free(w);
  free(m);
  free(v);
  free(g);
  free(next_w);
  free(next_m);
  free(next_v);
  mlx_array_free(one);
  mlx_array_free(rate);
  adam_free(o);
  return elapsed;
}

/* The perceptron's training step: 784-512-512-10, cross-entropy, Adam. */
typedef struct {
  mlx_array x, y;
  mlx_stream s;
} batch;

static mlx_array take(mlx_vector_array v, size_t i) {
  mlx_array a = {0};
  mlx_vector_array_get(&a, v, i);
  return a;
}

static mlx_array loss_of(mlx_vector_array parameters, size_t first, mlx_array x, mlx_array y, mlx_stream s) {
  mlx_array h = {0};
  mlx_array_set(&h, x);
  mlx_array zero = scalar(0.0f);
  for (size_t layer = 0; layer < LAYERS; layer++) {
    mlx_array w = take(parameters, first + 2 * layer), b = take(parameters, first + 2 * layer + 1);
    mlx_array wt = {0}, z = {0};
    mlx_transpose(&wt, w, s);
    mlx_addmm(&z, b, h, wt, 1.0f, 1.0f, s);
    mlx_array_free(h);
    if (layer + 1 < LAYERS) {
      h = (mlx_array){0};
      mlx_maximum(&h, z, zero, s);
      mlx_array_free(z);
    } else {
      h = z;
    }
    mlx_array_free(w);
    mlx_array_free(b);
    mlx_array_free(wt);
  }
  mlx_array top = {0}, fixed = {0}, shifted = {0}, column = {0}, score = {0}, flat = {0}, lse = {0}, each = {0}, loss = {0};
  mlx_max_axis(&top, h, -1, true, s);
  mlx_stop_gradient(&fixed, top, s);
  mlx_subtract(&shifted, h, fixed, s);
  mlx_expand_dims(&column, y, -1, s);
  mlx_take_along_axis(&score, shifted, column, -1, s);
  mlx_squeeze_axis(&flat, score, -1, s);
  mlx_logsumexp_axis(&lse, shifted, -1, false, s);
  mlx_subtract(&each, lse, flat, s);
  mlx_mean(&loss, each, false, s);
  mlx_array temporaries[] = {h, zero, top, fixed, shifted, column, score, flat, lse, each};
  for (size_t i = 0; i < sizeof(temporaries) / sizeof(*temporaries); i++) mlx_array_free(temporaries[i]);
  return loss;
}

static int loss_closure(mlx_vector_array *res, const mlx_vector_array in, void *payload) {
  batch *b = payload;
  mlx_array loss = loss_of(in, 0, b->x, b->y, b->s);
  *res = mlx_vector_array_new_value(loss);
  mlx_array_free(loss);
  return 0;
}

static void nothing(void *payload) { (void)payload; }

/* in: parameters, m, v, step, rate; out: loss and the same. The rate is state, as for Python's MLX and for DotMlx: whoever
   changes it between steps does not compile again, and the compiled kernel reads it instead of having it as a literal. */
static mlx_vector_array step(const adam *o, mlx_vector_array in, batch *b) {
  int argnums[PARAMETERS];
  for (int i = 0; i < PARAMETERS; i++) argnums[i] = i;
  mlx_closure loss = mlx_closure_new_func_payload(loss_closure, b, nothing);
  mlx_closure_value_and_grad f = {0};
  mlx_value_and_grad(&f, loss, argnums, PARAMETERS);
  mlx_vector_array parameters = mlx_vector_array_new(), values = {0}, gradients = {0};
  for (size_t i = 0; i < PARAMETERS; i++) {
    mlx_array w = take(in, i);
    mlx_vector_array_append_value(parameters, w);
    mlx_array_free(w);
  }
  mlx_closure_value_and_grad_apply(&values, &gradients, f, parameters);
  mlx_array w[PARAMETERS], m[PARAMETERS], v[PARAMETERS], rate = take(in, RATE);
  for (size_t i = 0; i < PARAMETERS; i++) {
    mlx_array g = take(gradients, i);
    w[i] = take(in, i);
    m[i] = take(in, PARAMETERS + i);
    v[i] = take(in, 2 * PARAMETERS + i);
    adam_step(o, rate, g, &w[i], &m[i], &v[i], b->s);
    mlx_array_free(g);
  }
  mlx_vector_array out = mlx_vector_array_new();
  mlx_array value = take(values, 0);
  mlx_vector_array_append_value(out, value);
  mlx_array_free(value);
  mlx_vector_array_append_data(out, w, PARAMETERS);
  mlx_vector_array_append_data(out, m, PARAMETERS);
  mlx_vector_array_append_data(out, v, PARAMETERS);
  mlx_array count = take(in, STEP), next = {0};
  mlx_add(&next, count, o->one, b->s);
  mlx_vector_array_append_value(out, next);
  mlx_vector_array_append_value(out, rate);
  mlx_array_free(count);
  mlx_array_free(next);
  mlx_array_free(rate);
  for (size_t i = 0; i < PARAMETERS; i++) {
    mlx_array_free(w[i]);
    mlx_array_free(m[i]);
    mlx_array_free(v[i]);
  }
  mlx_vector_array_free(parameters);
  mlx_vector_array_free(values);
  mlx_vector_array_free(gradients);
  mlx_closure_value_and_grad_free(f);
  mlx_closure_free(loss);
  return out;
}

typedef struct {
  adam *o;
  mlx_stream s;
} compiled_payload;

/* The compiled step has the batch as its last two inputs. */
static int step_closure(mlx_vector_array *res, const mlx_vector_array in, void *payload) {
  compiled_payload *p = payload;
  batch b = {take(in, STATE), take(in, STATE + 1), p->s};
  *res = step(p->o, in, &b);
  mlx_array_free(b.x);
  mlx_array_free(b.y);
  return 0;
}

static mlx_vector_array without_first(mlx_vector_array v) {
  mlx_vector_array rest = mlx_vector_array_new();
  size_t n = mlx_vector_array_size(v);
  for (size_t i = 1; i < n; i++) {
    mlx_array a = take(v, i);
    mlx_vector_array_append_value(rest, a);
    mlx_array_free(a);
  }
  mlx_vector_array_free(v);
  return rest;
}

/* *loss becomes the loss of the last step. */
double compare_training_step(int steps, int compiled, int batch_size, float *loss, mlx_stream s) {
  const int sizes[LAYERS + 1] = {784, 512, 512, 10};
  mlx_array half = scalar(0.01f);
  mlx_vector_array state = mlx_vector_array_new();
  for (int part = 0; part < 3; part++)
    for (int layer = 0; layer < LAYERS; layer++) {
      int weight_shape[2] = {sizes[layer + 1], sizes[layer]}, bias_shape[1] = {sizes[layer + 1]};
      mlx_array w = {0}, b = zeros(bias_shape, 1, s);
      if (part == 0) mlx_full(&w, weight_shape, 2, half, MLX_FLOAT32, s);
      else mlx_zeros(&w, weight_shape, 2, MLX_FLOAT32, s);
      mlx_vector_array_append_value(state, w);
      mlx_vector_array_append_value(state, b);
      mlx_array_free(w);
      mlx_array_free(b);
    }
  mlx_array count = counter(0), rate = scalar(1e-3f);
  mlx_vector_array_append_value(state, count);
  mlx_vector_array_append_value(state, rate);
  mlx_array_free(count);
  mlx_array_free(rate);
  int x_shape[2] = {batch_size, sizes[0]}, y_shape[1] = {batch_size};
  batch b = {{0}, {0}, s};
  mlx_full(&b.x, x_shape, 2, half, MLX_FLOAT32, s);
  mlx_zeros(&b.y, y_shape, 1, MLX_INT32, s);
  mlx_eval(state);
  eval_one(b.x);
  eval_one(b.y);
  adam o = adam_new();
  compiled_payload payload = {&o, s};
  mlx_closure function = mlx_closure_new_func_payload(step_closure, &payload, nothing);
  double start = 0;
  for (int k = -2; k < steps; k++) { /* two steps to warm up */
    if (k == 0) start = now();
    mlx_vector_array out = {0};
    if (compiled) {
      mlx_closure c = {0};
      mlx_detail_compile(&c, function, 0x7fffffff00000001u, false, NULL, 0);
      mlx_vector_array in = mlx_vector_array_new();
      for (size_t i = 0; i < STATE; i++) {
        mlx_array a = take(state, i);
        mlx_vector_array_append_value(in, a);
        mlx_array_free(a);
      }
      mlx_vector_array_append_value(in, b.x);
      mlx_vector_array_append_value(in, b.y);
      mlx_closure_apply(&out, c, in);
      mlx_vector_array_free(in);
      mlx_closure_free(c);
    } else {
      out = step(&o, state, &b);
    }
    mlx_eval(out);
    mlx_vector_array_free(state);
    mlx_array value = take(out, 0);
    mlx_array_item_float32(loss, value);
    mlx_array_free(value);
    state = without_first(out);
  }
  double elapsed = now() - start;
  mlx_closure_free(function);
  mlx_vector_array_free(state);
  mlx_array_free(half);
  mlx_array_free(b.x);
  mlx_array_free(b.y);
  adam_free(o);
  return elapsed;
}
