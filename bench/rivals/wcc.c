/* Connected components, by union-find with path halving: for every vertex the lowest rank of its component.
 *
 * wcc EDGES OUTPUT
 */
#include "graph.h"

static uint32_t find(uint32_t *parent, uint32_t v) {
  while (parent[v] != v) v = parent[v] = parent[parent[v]];
  return v;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  double began = now();
  struct graph graph = load(arguments[1]);
  double loaded = now();
  uint32_t *parent = room(graph.vertices, sizeof *parent);
  for (uint32_t v = 0; v < graph.vertices; v++) parent[v] = v;
  for (uint32_t v = 0; v < graph.vertices; v++) {
    for (uint64_t e = graph.offsets[v]; e < graph.offsets[v + 1] && graph.neighbours[e] < v; e++) {
      uint32_t a = find(parent, v), b = find(parent, graph.neighbours[e]);
      if (a < b) parent[b] = a;
      else parent[a] = b;
    }
  }
  for (uint32_t v = 0; v < graph.vertices; v++) parent[v] = find(parent, v);
  finish(arguments[2], parent, sizeof *parent, &graph, loaded - began, now() - loaded);
  return 0;
}
