import test from 'ava';
import { tooManyEdges, tooManyVertices } from './loaded.ts';

test('what ranks and degrees cannot count is said', t => {
  t.is(
    tooManyVertices(2 ** 31).message,
    'the graph has 2,147,483,648 vertices, and ranks end at 2,147,483,647',
  );
  t.is(tooManyEdges('7').message, 'vertex 7 has more than 2,147,483,647 edges');
  t.deepEqual([tooManyEdges('7').code, tooManyVertices(1).code], ['GRAPH_SIZE', 'GRAPH_SIZE']);
});
