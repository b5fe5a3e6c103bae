/** What can be wrong with a process's own certificates. */
export type CredentialsErrorCode =
  /** There is no certificate of that name, or no anchor. */
  | 'CREDENTIAL_MISSING'
  /** The file holds no certificates in PEM, or the key does not belong to the first of them. */
  | 'CREDENTIAL_MALFORMED'
  /** The CA refused to renew it; `refusal` is its code. */
  | 'RENEWAL_REFUSED'
  /** What was answered is not a successor: another key, other names, or not signed by an issuer that we trust. */
  | 'RENEWAL_ANSWER_INVALID';

/** The one error of this library. Its context names files, certificates and codes, never a key. */
export class CredentialsError extends Error {
  readonly code: CredentialsErrorCode;
  readonly context: { readonly name: string; readonly refusal?: string };

  constructor(code: CredentialsErrorCode, context: CredentialsError['context'], cause?: unknown) {
    super(`${code} ${JSON.stringify(context)}`, cause === undefined ? undefined : { cause });
    this.name = 'CredentialsError';
    this.code = code;
    this.context = context;
  }
}
