/** A credential and the one on whose evidence it was issued. */
interface Descendant {
  readonly id: string;
  readonly parentId: string | null;
}

/** Everything that was issued on the credential, directly or through others. */
export function descendantsOf<T extends Descendant>(ancestorId: string, credentials: readonly T[]): T[] {
  const found: T[] = [];
  const ancestors = new Set([ancestorId]);
  for (let grown = true; grown;) {
    grown = false;
    for (const credential of credentials) {
      if (credential.parentId === null || !ancestors.has(credential.parentId) || ancestors.has(credential.id)) continue;
      ancestors.add(credential.id);
      found.push(credential);
      grown = true;
    }
  }
  return found;
}
