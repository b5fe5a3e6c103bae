/** What is known about a refusal, by code. `place` counts from 0 in what was handed in. */
export interface RestoreErrorContexts {
  /** A CA serves from this database. */
  SERVICE_RUNS: object;
  /** Followers would take nothing of this epoch: they have seen it, or a later one. */
  EPOCH_NOT_HIGHER: { readonly epoch: number; readonly known: number };
  /** No certificate of a status key that our infrastructure CA issued; `cause` says why, where it is not the name. */
  EVIDENCE_SIGNER_REFUSED: { readonly place: number };
  /** Not a status message signed by one of these keys; `cause` says why. */
  EVIDENCE_REFUSED: { readonly place: number };
}

export type RestoreErrorCode = keyof RestoreErrorContexts;

const sentences: { readonly [Code in RestoreErrorCode]: (context: RestoreErrorContexts[Code]) => string } = {
  SERVICE_RUNS: () => 'a CA serves from this database: stop every process of the service first',
  EPOCH_NOT_HIGHER: ({ epoch, known }) =>
    `epoch ${epoch} is not higher than ${known}, which gateways may have seen: they would take nothing of it`,
  EVIDENCE_SIGNER_REFUSED: ({ place }) =>
    `certificate ${place + 1} of those in the files is not one of a status key of this hierarchy`,
  EVIDENCE_REFUSED: ({ place }) =>
    `message ${place + 1} of those in the files is not signed by a status key of this hierarchy`,
};

/** Why no new epoch was begun: nothing was changed. */
export class RestoreError<Code extends RestoreErrorCode = RestoreErrorCode> extends Error {
  readonly code: Code;
  readonly context: RestoreErrorContexts[Code];

  constructor(code: Code, context: RestoreErrorContexts[Code], options?: ErrorOptions) {
    super(sentences[code](context), options);
    this.name = 'RestoreError';
    this.code = code;
    this.context = context;
  }
}
