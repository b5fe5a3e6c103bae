import { readFile } from 'node:fs/promises';
import { fieldErrors } from '@touchmark/server';
import { parse } from 'yaml';
import { Policy } from './policy.js';
import { PolicyFile } from './policy-file.js';

/** The policy file cannot be used; the message says where it is wrong. */
export class PolicyFileError extends Error {
  readonly code = 'POLICY_INVALID';
  readonly context: { readonly path: string; readonly errors: readonly string[] };

  constructor(path: string, errors: readonly string[], options?: ErrorOptions) {
    super(`the policy file ${path} cannot be used:${errors.map((error) => `\n  ${error}`).join('')}`, options);
    this.name = 'PolicyFileError';
    this.context = { path, errors };
  }
}

const MAX_ALIASES = 100;

/** Policy from the text of a YAML file, of which JSON is a part. Throws PolicyFileError; `path` is for its message. */
export function parsePolicy(text: string, path: string): Policy {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: MAX_ALIASES, uniqueKeys: true, strict: true, version: '1.2' });
  } catch (cause) {
    throw new PolicyFileError(path, ['it is neither YAML nor JSON'], { cause });
  }
  const result = PolicyFile.safeParse(value);
  if (result.success) return new Policy(result.data);
  const errors = fieldErrors(result.error.issues).map((error) => `${error.path}: ${error.message}`);
  throw new PolicyFileError(path, errors);
}

/** Throws PolicyFileError. */
export async function readPolicy(path: string): Promise<Policy> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new PolicyFileError(path, ['it cannot be read'], { cause });
  }
  return parsePolicy(text, path);
}
