export { KeysError, type KeysErrorCode } from './errors.js';
export { generateKeyPair, type GeneratedKeyPair, importPkcs8, type KeyKind } from './key-pair.js';
export { type KeyIdentity } from './encrypted-key.js';
export { readSecretFile, writeSecretFile } from './secret-file.js';
export { SoftwareSigner, type SigningMode } from './software-signer.js';
export { KeyFolder } from './key-folder.js';
