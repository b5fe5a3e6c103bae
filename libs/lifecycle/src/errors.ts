/** A name that is outside its alphabet. */
export type LifecycleErrorCode = 'REALM_INVALID' | 'MODEL_INVALID' | 'DEVICE_SERIAL_INVALID';

/** Thrown by the checks of names; decisions are values, not errors. */
export class LifecycleError extends Error {
  readonly code: LifecycleErrorCode;
  readonly context: { readonly value: string; readonly allowed: string };

  constructor(code: LifecycleErrorCode, context: LifecycleError['context']) {
    super(`${code}: allowed is ${context.allowed}`);
    this.name = 'LifecycleError';
    this.code = code;
    this.context = context;
  }
}
