/** What the package offers of its data sets: how they are generated, and which lie in it. */
export { CATALOGUE, type Dataset, dataset, pathOf } from './catalogue.ts';
export { blocksOf, explained, GENERATED, type Recipe, recipeOf } from './generated.ts';
