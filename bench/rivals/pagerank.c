/* PageRank by definition (Page and Brin 1998, as LDBC Graphalytics has it: fixed iterations, the rank of vertices without
 * edges spread over all): each vertex pulls from its neighbours.
 *
 * pagerank EDGES ITERATIONS OUTPUT
 */
#include "graph.h"

static const double DAMPING = 0.85;

int main(int count, char **arguments) {
  if (count != 4) return 2;
  double began = now();
  struct graph graph = load(arguments[1]);
  double loaded = now();
  uint32_t n = graph.vertices;
  double *rank = room(n, sizeof *rank);
  double *share = room(n, sizeof *share);
  for (uint32_t v = 0; v < n; v++) rank[v] = 1.0 / n;
  for (int i = atoi(arguments[2]); i > 0; i--) {
    double lost = 0;
    for (uint32_t v = 0; v < n; v++) {
      uint64_t degree = graph.offsets[v + 1] - graph.offsets[v];
      if (degree == 0) lost += rank[v];
      else share[v] = rank[v] / degree;
    }
    double base = (1 - DAMPING) / n + DAMPING * lost / n;
    for (uint32_t v = 0; v < n; v++) {
      double sum = 0;
      for (uint64_t e = graph.offsets[v]; e < graph.offsets[v + 1]; e++) sum += share[graph.neighbours[e]];
      rank[v] = base + DAMPING * sum;
    }
  }
  finish(arguments[3], rank, sizeof *rank, &graph, loaded - began, now() - loaded);
  return 0;
}
