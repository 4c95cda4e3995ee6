/** Errors speak of paths that the user knows: the output, not the folder beside it where its parts are written. */
import { SuperstepError } from '../errors.ts';

/** The same error, with paths in and below a staging folder turned into the output's.
 *  @param staged the folders, and the outputs as the user named them */
export function inUsersPaths(
  error: unknown,
  staged: readonly { readonly staging: string; readonly path: string }[],
): unknown {
  if (!(error instanceof SuperstepError)) return error;
  const translated = (text: string): string =>
    staged.reduce((said, { staging, path }) => {
      const below = new RegExp(`${escaped(staging)}(/[\\w.-]*)*`, 'g');
      return said.replaceAll(below, () => path);
    }, text);
  const { details, message } = error;
  const file = details.file === undefined ? {} : { file: translated(details.file) };
  return Object.assign(error, {
    message: translated(message),
    details: { ...details, ...file },
  });
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
