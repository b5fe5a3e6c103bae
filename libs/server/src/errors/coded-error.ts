/** What every library's error class looks like from here: a constant code and typed context. Satisfied structurally. */
export interface CodedError extends Error {
  readonly code: string;
  readonly context: object;
}

/** True for a library's own error. Node's system errors carry a `code` too, but no `context`, and stay unknown. */
export function isCodedError(value: unknown): value is CodedError {
  return (
    value instanceof Error &&
    'code' in value &&
    typeof value.code === 'string' &&
    'context' in value &&
    typeof value.context === 'object' &&
    value.context !== null
  );
}
