export { EstError, type EstErrorCode } from './errors.js';
export { EstContentType, TRANSFER_ENCODING, isPkcs10 } from './content-types.js';
export { estMethods, isEstLabel, isEstOperation, parseEstPath, type EstOperation, type EstPath } from './paths.js';
export {
  decodeTransfer,
  encodeTransfer,
  wrapFor,
  type DecodedTransfer,
  type TransferForm,
} from './transfer-encoding.js';
export { encodeCertsOnly, parseCertsOnly } from './certs-only.js';
export {
  encodeCsrAttributes,
  parseCsrAttributes,
  type CsrAttributes,
  type CsrExtension,
  type CsrKeyAlgorithm,
} from './csr-attributes.js';
