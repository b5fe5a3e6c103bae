/** What a status list can refuse. */
export type StatusListErrorCode = 'LIST_UNKNOWN' | 'LIST_ALREADY_OPEN' | 'LEASE_NOT_GROWING' | 'SEAT_NOT_LEASED';

/** The one error of this library: which list and seat, and why it was refused. */
export class StatusListError extends Error {
  readonly code: StatusListErrorCode;
  readonly context: { readonly listId: number; readonly index?: number; readonly leasedTo?: number };

  constructor(code: StatusListErrorCode, context: StatusListError['context']) {
    super(`${code} ${JSON.stringify(context)}`);
    this.name = 'StatusListError';
    this.code = code;
    this.context = context;
  }
}
