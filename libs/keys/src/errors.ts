/** Why a key or the file that holds it was refused. */
export type KeysErrorCode =
  /** The bytes are no encrypted key of ours, or what they hold is no PKCS #8 private key. */
  | 'KEY_MALFORMED'
  /** Altered, or encrypted under another key-encryption key; the two cannot be told apart. */
  | 'KEY_NOT_AUTHENTIC'
  | 'KEY_OF_ANOTHER_AUTHORITY'
  /** The private key does not belong to the expected public key. */
  | 'KEY_MISMATCH'
  | 'KEY_TYPE_UNSUPPORTED'
  | 'KEY_ENCRYPTION_KEY_MALFORMED'
  | 'SECRET_FILE_MISSING'
  | 'SECRET_FILE_EXISTS'
  /** A symbolic link, folder or device in place of a file. */
  | 'SECRET_FILE_NOT_REGULAR'
  | 'SECRET_FILE_TOO_LARGE'
  /** Others than its owner may read or write it. */
  | 'SECRET_FILE_EXPOSED'
  | 'SECRET_FOLDER_EXPOSED';

/** The one error of this library. Its context names authorities, paths and modes, never a key. */
export class KeysError extends Error {
  readonly code: KeysErrorCode;
  readonly context: {
    readonly authorityId?: string;
    readonly path?: string;
    /** Permission bits in octal. */
    readonly mode?: string;
    readonly keyType?: string;
  };

  constructor(code: KeysErrorCode, context: KeysError['context'] = {}, cause?: unknown) {
    super(`${code} ${JSON.stringify(context)}`, cause === undefined ? undefined : { cause });
    this.name = 'KeysError';
    this.code = code;
    this.context = context;
  }
}
