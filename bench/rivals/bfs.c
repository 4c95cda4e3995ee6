/* Breadth-first search, top down with a queue: for every vertex its level, -1 where it is not reached.
 *
 * bfs EDGES SOURCE OUTPUT, where SOURCE is a rank
 */
#include "graph.h"

int main(int count, char **arguments) {
  if (count != 4) return 2;
  double began = now();
  struct graph graph = load(arguments[1]);
  double loaded = now();
  int32_t *level = room(graph.vertices, sizeof *level);
  uint32_t *queue = room(graph.vertices, sizeof *queue);
  memset(level, -1, graph.vertices * sizeof *level);
  uint32_t source = strtoul(arguments[2], NULL, 10), taken = 0, put = 0;
  level[source] = 0;
  queue[put++] = source;
  while (taken < put) {
    uint32_t v = queue[taken++];
    for (uint64_t e = graph.offsets[v]; e < graph.offsets[v + 1]; e++) {
      uint32_t u = graph.neighbours[e];
      if (level[u] >= 0) continue;
      level[u] = level[v] + 1;
      queue[put++] = u;
    }
  }
  finish(arguments[3], level, sizeof *level, &graph, loaded - began, now() - loaded);
  return 0;
}
