import { UsageError } from '@touchmark/server';
import {
  type HierarchyTerms,
  insertHierarchyTerms,
  type Queryable,
  readHierarchyTerms,
  statusLists,
} from '@touchmark/store';
import { isLocalUrl } from './local-url.js';

/** What whoever starts a CA says about its hierarchy; what is left out is as it was made. */
export type GivenTerms = { readonly [Term in keyof HierarchyTerms]?: HierarchyTerms[Term] | undefined };

/**
 * What a hierarchy was made with, for who serves it: a CA that was told something else would put it into certificates for ever.
 * Throws UsageError.
 */
export async function termsInForce(db: Queryable, given: GivenTerms): Promise<HierarchyTerms> {
  const made = await readHierarchyTerms(db);
  if (!made) throw new UsageError('the database knows no certification authority: run the command init first');
  if (given.realm !== undefined && given.realm !== made.realm)
    throw differs('TOUCHMARK_REALM', made.realm, given.realm);
  if (given.evaluation === true && !made.evaluation) throw differs('TOUCHMARK_EVALUATION', 'false', 'true');
  const terms = { ...made, evaluation: given.evaluation ?? made.evaluation };
  const { publicHttpUrl = made.publicHttpUrl } = given;
  // while trying things out, a service may move to another port of the same machine
  const moves = terms.evaluation && isLocalUrl(publicHttpUrl) && isLocalUrl(made.publicHttpUrl);
  if (publicHttpUrl !== made.publicHttpUrl && !moves)
    throw differs('TOUCHMARK_PUBLIC_HTTP_URL', made.publicHttpUrl, publicHttpUrl);
  await checkReachable(db, { ...terms, publicHttpUrl });
  return { ...terms, publicHttpUrl };
}

/** For who has made a hierarchy, or found one whose terms nobody wrote down: writes them, unless they are there. Throws UsageError. */
export async function keepTerms(db: Queryable, terms: HierarchyTerms): Promise<HierarchyTerms> {
  if ((await readHierarchyTerms(db)) === undefined) {
    const mayMove = terms.evaluation && isLocalUrl(terms.publicHttpUrl);
    const other = (await statusLists(db)).find(
      ({ crlUri }) => !crlUri.startsWith(`${terms.publicHttpUrl}/`) && !(mayMove && isLocalUrl(crlUri)),
    );
    if (other) throw differs('TOUCHMARK_PUBLIC_HTTP_URL', new URL(other.crlUri).origin, terms.publicHttpUrl);
    await insertHierarchyTerms(db, terms);
  }
  return termsInForce(db, terms);
}

async function checkReachable(db: Queryable, { evaluation, publicHttpUrl }: HierarchyTerms): Promise<void> {
  if (evaluation) return;
  if (isLocalUrl(publicHttpUrl))
    throw new UsageError('outside evaluation the publication URLs must be reachable by more than this machine');
  if ((await statusLists(db)).some(({ crlUri }) => isLocalUrl(crlUri)))
    throw new UsageError(
      'this hierarchy was made for evaluation, with local publication URLs: begin with an empty database',
    );
}

const differs = (variable: string, made: string, given: string): UsageError =>
  new UsageError(
    `${variable} is ${given}, but this hierarchy was made with ${made}, which stands in certificates and cannot be changed`,
  );
