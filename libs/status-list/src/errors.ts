/** What is known about a refusal, by code. Offsets are octets from the start of the bytes that were read. */
export interface StatusListErrorContexts {
  /** No open list with this id. */
  LIST_UNKNOWN: { readonly listId: number };
  LIST_ALREADY_OPEN: { readonly listId: number };
  /** A sealed list leases no more blocks and is not sealed twice. */
  LIST_SEALED: { readonly listId: number };
  /** A leased block is never given back. */
  LEASE_NOT_GROWING: { readonly listId: number; readonly leasedTo: number };
  /** The seat lies beyond the last leased block. */
  SEAT_NOT_LEASED: { readonly listId: number; readonly index: number; readonly leasedTo: number };

  /** The bytes end inside a field. */
  TRUNCATED: { readonly offset: number };
  /** Something stands behind the last field. */
  TRAILING_DATA: { readonly offset: number };
  /** Another magic, version, message type or kind than this code reads. */
  FORMAT_UNKNOWN: { readonly offset: number };
  /** A field holds a number that it may not hold. */
  VALUE_OUT_OF_RANGE: { readonly offset: number; readonly field: string };
  /** The same content has another encoding, which is the only one accepted. */
  NOT_CANONICAL: { readonly offset: number; readonly field: string };
  /** More than the reader is willing to hold. */
  TOO_LARGE: { readonly field: string; readonly limit: number };
  /** Not one whole zlib stream. */
  DEFLATE_INVALID: Record<string, never>;

  /** The signature is not one of the named key over this message. */
  SIGNATURE_INVALID: { readonly keyId: string };
  /** The named key is none that may sign status. */
  FOREIGN_KEY: { readonly keyId: string };

  /** A batch or head came before any snapshot. */
  NO_SNAPSHOT: Record<string, never>;
  /** The message is of an epoch that has ended. */
  EPOCH_BACK: { readonly epoch: number; readonly known: number };
  /** A new epoch begins with a snapshot; this was a batch or a head. */
  EPOCH_AHEAD: { readonly epoch: number; readonly known: number };
  /** A snapshot from before what is known. */
  SEQUENCE_BACK: { readonly sequence: number; readonly known: number };
  /** Entries between what is known and this message are missing. */
  GAP: { readonly sequence: number; readonly known: number };
  /** Every entry of the batch, or all that the snapshot says, is known: a repetition, which changes nothing. */
  ALREADY_APPLIED: { readonly sequence: number; readonly known: number };
  /** The batch begins inside what is known: it was cut elsewhere than the batches before it. */
  BATCH_OVERLAPS: { readonly sequence: number; readonly known: number };
  /** The message continues another journal than the one that was followed. */
  HASH_MISMATCH: { readonly sequence: number };
  /** A snapshot says other than what is known: of the same position, or of more entries at a time when there were no more. */
  SNAPSHOT_CONTRADICTS: { readonly sequence: number; readonly known: number };
  /** A head from before what is known. */
  STALE_HEAD: { readonly sequence: number; readonly time: number };
  /** An entry contradicts the lists as they are known; `cause` says how. Nothing of the batch was applied. */
  BATCH_INCONSISTENT: { readonly sequence: number };
}

/** What this library can refuse. */
export type StatusListErrorCode = keyof StatusListErrorContexts;

/** The one error of this library: what was refused, and where. */
export class StatusListError<Code extends StatusListErrorCode = StatusListErrorCode> extends Error {
  readonly code: Code;
  readonly context: StatusListErrorContexts[Code];

  constructor(code: Code, context: StatusListErrorContexts[Code], options?: ErrorOptions) {
    super(`${code} ${JSON.stringify(context)}`, options);
    this.name = 'StatusListError';
    this.code = code;
    this.context = context;
  }
}
