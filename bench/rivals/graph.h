/* What the C rivals share: a text of edges to a graph, and a clock. One thread, doubles, plain arrays.
 *
 * The graph is undirected and simple: self-loops are dropped, and of edges between the same two vertices all but one. A
 * vertex is the rank of its id among those that occur; its neighbours ascend. Ids are below 2^32.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct graph {
  uint32_t vertices;
  uint64_t *offsets; /* vertices + 1 */
  uint32_t *neighbours;
};

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec * 1e-9;
}

static void *room(uint64_t count, size_t size) {
  void *memory = calloc(count > 0 ? count : 1, size);
  if (memory == NULL) {
    fprintf(stderr, "no memory\n");
    exit(1);
  }
  return memory;
}

static char *read_text(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    perror(path);
    exit(1);
  }
  *length = ftell(file);
  rewind(file);
  char *text = malloc(*length + 1);
  if (text == NULL || fread(text, 1, *length, file) != *length) {
    perror(path);
    exit(1);
  }
  text[*length] = '\n';
  fclose(file);
  return text;
}

/* Ends of the edges, two by two, and how many ends. Lines that begin with # are passed over. */
static uint32_t *read_ends(const char *path, uint64_t *count) {
  size_t length;
  char *text = read_text(path, &length);
  uint32_t *ends = malloc(length * sizeof *ends / 2 + 8); /* An end and what follows it are two bytes at least. */
  uint64_t found = 0;
  if (ends == NULL) exit(1);
  for (char *at = text; at < text + length;) {
    if (*at == '#') {
      while (*at != '\n') at++;
    } else if (*at >= '0' && *at <= '9') {
      uint32_t id = 0;
      for (; *at >= '0' && *at <= '9'; at++) id = id * 10 + (*at - '0');
      ends[found++] = id;
    } else {
      at++;
    }
  }
  free(text);
  *count = found;
  return ends;
}

/* Ids become ranks, in place. Returns how many there are. */
static uint32_t rank_ends(uint32_t *ends, uint64_t count) {
  uint32_t most = 0, ranks = 0;
  for (uint64_t i = 0; i < count; i++) most = ends[i] > most ? ends[i] : most;
  uint32_t *rank = room((uint64_t)most + 1, sizeof *rank);
  for (uint64_t i = 0; i < count; i++) rank[ends[i]] = 1;
  for (uint64_t id = 0; id <= most && count > 0; id++) {
    if (rank[id] == 1) rank[id] = ranks++;
  }
  for (uint64_t i = 0; i < count; i++) ends[i] = rank[ends[i]];
  free(rank);
  return ranks;
}

/* Neighbours of every vertex: those of the pairs whose other end comes first are put first, so that they ascend. */
static void arrange(struct graph *graph, const uint32_t *from, uint32_t *to, const uint64_t *at) {
  uint64_t *next = room(graph->vertices, sizeof *next);
  memcpy(next, at, graph->vertices * sizeof *next);
  for (uint32_t v = 0; v < graph->vertices; v++) {
    for (uint64_t e = at[v]; e < at[v + 1]; e++) to[next[from[e]]++] = v;
  }
  free(next);
}

static struct graph load(const char *path) {
  uint64_t count;
  uint32_t *ends = read_ends(path, &count);
  struct graph graph = {rank_ends(ends, count), NULL, NULL};
  uint64_t *at = room((uint64_t)graph.vertices + 2, sizeof *at);
  for (uint64_t i = 0; i < count; i += 2) {
    if (ends[i] == ends[i + 1]) continue;
    at[ends[i] + 2]++;
    at[ends[i + 1] + 2]++;
  }
  for (uint32_t v = 0; v < graph.vertices; v++) at[v + 2] += at[v + 1];
  uint32_t *unordered = room(at[graph.vertices + 1], sizeof *unordered);
  for (uint64_t i = 0; i < count; i += 2) { /* Afterwards at[v] is where the neighbours of v begin. */
    if (ends[i] == ends[i + 1]) continue;
    unordered[at[ends[i] + 1]++] = ends[i + 1];
    unordered[at[ends[i + 1] + 1]++] = ends[i];
  }
  free(ends);
  uint32_t *ordered = room(at[graph.vertices], sizeof *ordered);
  arrange(&graph, unordered, ordered, at);
  free(unordered);
  graph.offsets = room((uint64_t)graph.vertices + 1, sizeof *graph.offsets);
  graph.neighbours = ordered;
  uint64_t kept = 0;
  for (uint32_t v = 0; v < graph.vertices; v++) {
    graph.offsets[v] = kept;
    for (uint64_t e = at[v]; e < at[v + 1]; e++) {
      if (e == at[v] || ordered[e] != ordered[e - 1]) ordered[kept++] = ordered[e];
    }
  }
  graph.offsets[graph.vertices] = kept;
  free(at);
  return graph;
}

/* `values`, one a vertex, to a file; then what the run took, as JSON, to standard output. */
static void finish(const char *path, const void *values, size_t size, const struct graph *graph, double load_seconds,
                   double process_seconds) {
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(values, size, graph->vertices, file) != graph->vertices || fclose(file) != 0) {
    perror(path);
    exit(1);
  }
  printf("{\"load\":%.6f,\"process\":%.6f,\"vertices\":%u,\"edges\":%llu}\n", load_seconds, process_seconds,
         graph->vertices, (unsigned long long)graph->offsets[graph->vertices]);
}
