/** What is known about a refusal, by code. `place` counts from 0 in what was handed in. */
export interface RestoreErrorContexts {
  /** Followers would take nothing of this epoch: they have seen it, or a later one. */
  EPOCH_NOT_HIGHER: { readonly epoch: number; readonly known: number };
  /** No certificate of a status key that our infrastructure CA issued; `cause` says why, where it is not the name. */
  EVIDENCE_SIGNER_REFUSED: { readonly place: number };
  /** Not a status message signed by one of these keys; `cause` says why. */
  EVIDENCE_REFUSED: { readonly place: number };
}

export type RestoreErrorCode = keyof RestoreErrorContexts;

/** Why no new epoch was begun: nothing was changed. */
export class RestoreError<Code extends RestoreErrorCode = RestoreErrorCode> extends Error {
  readonly code: Code;
  readonly context: RestoreErrorContexts[Code];

  constructor(code: Code, context: RestoreErrorContexts[Code], options?: ErrorOptions) {
    super(`${code} ${JSON.stringify(context)}`, options);
    this.name = 'RestoreError';
    this.code = code;
    this.context = context;
  }
}
