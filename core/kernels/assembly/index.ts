/** Everything that core/kernels calls. No heap, no strings, no imports: memory is laid out by the wrappers.
 *
 * Bytes 0 to 65,535 are static (static.ts names what lies there); everything above comes from `Kernels.alloc`. Every
 * buffer has 64 bytes behind it, so a 16-byte load may start at a buffer's last byte; what it reads beyond is masked.
 */
export { mixHash } from './cell';
export { addKeys, rehash, findId } from './groups';
export { countBytes, countUnicode, lowerAscii } from './words';
export { compact, countPartitions, splitPartitions } from './partitions';
export { sortStart, sortStep } from './sort';
export { measure, takeKeys, takeIds, takeCounts, takeFixed, takeSums } from './take';
export { setLetters } from './letters';
export { fold32, fold64, foldF64, sumF64, total, fill64 } from './aggregates';
export { lines, countLf, asciiUpTo, validUtf8UpTo } from './text';
export { addRows, measureRows, takePlace, takeBytes } from './rows';
export { mergeWindow, mergeNext } from './merge';
export {
  gather32, gather64, gatherValid, gatherOffsets, gatherBytes, gatherFold32, gatherFold64, gatherFoldF64, gatherSums,
  gatherDoubles, gatherTotals, finishSums, finishTotals,
} from './gather';
export { measureKeys, writeKeys, decodeKeys } from './encode';
export {
  addIds, rehashIds, compactIds, splitIds, keysOfIds, idsOfKeys, addSmall, listSmall, keysOfSmall, countEdges, countListed,
} from './ids';
export { descents, countDigits, startDigits, moveKeys, moveRows } from './radix';
export {
  rankRows, endId, translateEdges, translateVertices, spreadRows, listSources, unpackEdges, splitPlaces, countUp,
} from './load';
export {
  spreadTargets, countTargets, startTargets, placeTargets, listTargets, orderByCount, takeSources, placesOf, toPlaces,
} from './arrange';
export {
  narrowNumbers, touch, countFlags, countSent, listSenders, flaggedRanges, widenFlags, receive32, receive64, receiveF64, expand32,
  expand64, expandF64, sortPairs, foldPairs32, foldPairs64, foldPairsF64,
} from './messages';
export {
  pullSum32, pullMin32, pullMax32, pullMinPlus32, pullSumTimes32, pullAny32, pullSome32, pullSum64, pullMin64, pullMax64, pullMinPlus64,
  pullSumTimes64, pullAny64, pullSome64, pullSumF64, pullMinF64, pullMaxF64, pullMinPlusF64, pullSumTimesF64, pullAnyF64, pullSomeF64,
  pullSumNarrow32, pullMinNarrow32, pullMaxNarrow32, pullMinPlusNarrow32, pullSumTimesNarrow32, pullAnyNarrow32, pullSomeNarrow32,
  pullSumNarrow64, pullMinNarrow64, pullMaxNarrow64, pullMinPlusNarrow64, pullSumTimesNarrow64, pullAnyNarrow64, pullSomeNarrow64,
  pullSumNarrowF64, pullMinNarrowF64, pullMaxNarrowF64, pullMinPlusNarrowF64, pullSumTimesNarrowF64, pullAnyNarrowF64,
  pullSomeNarrowF64,
} from './pull';
