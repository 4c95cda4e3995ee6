/** The data sets that lie in the repository: where each is from, and the checksum that says it is what it was.
 *
 * Not here: what is generated (generated.ts), and what is fetched.
 */
import { fileURLToPath } from 'node:url';

export interface Dataset {
  readonly name: string;
  /** Path from the repository's root. */
  readonly file: string;
  readonly title: string;
  /** Who published the text or the data first. */
  readonly source: string;
  /** What of it this file is, and what was changed. */
  readonly edition: string;
  readonly licence: string;
  readonly bytes: number;
  readonly sha256: string;
}

export const CATALOGUE: readonly Dataset[] = [
  {
    name: 'moby-dick',
    file: 'datasets/books/moby-dick.txt',
    title: 'Moby-Dick; or, The Whale',
    source: 'Herman Melville, Harper & Brothers, New York 1851',
    edition:
      'volunteer transcription no. 2701 of 2008, revised 2017; UTF-8, LF; the distributor’s header, licence, notes and name removed, nothing else changed',
    licence: 'public domain',
    bytes: 1_234_090,
    sha256: '0e17b68aa8c01ed3223bf5cc6d50fbf1e5e77f9582e993237821d820d0d06701',
  },
  {
    name: 'p2p-gnutella31',
    file: 'datasets/graphs/p2p-gnutella31.txt.gz',
    title: 'hosts of the Gnutella network and the connections they had open, August 31, 2002',
    source:
      'M. Ripeanu, I. Foster and A. Iamnitchi, 2002; as p2p-Gnutella31 in the SNAP collection of J. Leskovec and A. Krevl',
    edition:
      'the edge list in the data sets of libgrape-lite, whose ids are those of SNAP plus one; a heading added, tabs, gzip; directed, 62,586 vertices, 147,892 edges',
    licence: 'Apache-2.0',
    bytes: 494_960,
    sha256: '153cfe2c2d43c59b1cb218d4045fccc3d7dc82b0178ad69da53328364e63c48a',
  },
];

/** Looks a data set up by name. Throws an Error that lists the names there are. */
export function dataset(name: string): Dataset {
  const found = CATALOGUE.find(each => each.name === name);
  if (found !== undefined) return found;
  const names = CATALOGUE.map(each => each.name).join(', ');
  throw new Error(`no data set is called ${name}; there are: ${names}`);
}

/** Where its file is. This module runs from dist/datasets, two folders below the repository's root. */
export function pathOf({ file }: Dataset): string {
  return fileURLToPath(new URL(`../../${file}`, import.meta.url));
}
