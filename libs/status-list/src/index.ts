export { StatusListError, type StatusListErrorCode, type StatusListErrorContexts } from './errors.js';
export {
  LIST_SIZE,
  MAX_LIST_ID,
  SERIAL_NUMBER_FORMAT,
  SERIAL_NUMBER_LENGTH,
  SERIAL_NUMBER_RANDOM_LENGTH,
  encodeSerialNumber,
  parseSeat,
  parseSerialNumber,
  type Seat,
  type SerialNumberParts,
} from './seat.js';
export { SeatValue, isSeatValue, seatValueName, type SeatValueName } from './seat-value.js';
export { SeatBitmap, type NonValidSeat } from './seat-bitmap.js';
export { SeatTable } from './seat-table.js';
export { NO_WELL_DEFINED_EXPIRATION, bucketEnd, bucketOf } from './list-bucket.js';
export { MAX_BUCKET_END } from './fields.js';
export { HASH_LENGTH, NO_BATCH, payloadHash } from './hash.js';
export {
  MAX_CERTIFICATE_LENGTH,
  MAX_SNAPSHOT_SEATS,
  decodeSnapshot,
  encodeSnapshot,
  type ListState,
  type Snapshot,
  type SnapshotList,
} from './snapshot.js';
export {
  MAX_BATCH_LENGTH,
  decodeJournalBatch,
  encodeJournalBatch,
  type JournalBatch,
  type JournalEntry,
  type SeatChange,
} from './journal-batch.js';
export { decodeJournalHead, encodeJournalHead, type JournalHead } from './journal-head.js';
export {
  MessageType,
  decodeSigned,
  encodeSigned,
  openSigned,
  signedData,
  type MessageTypeName,
  type SignedMessage,
  type VerifySignature,
} from './signed.js';
export {
  JournalFollower,
  type Applied,
  type JournalFollowerOptions,
  type JournalPosition,
  type SeatLookup,
  type SignedClaim,
} from './journal-follower.js';
export { TOKEN_STATUS_LIST_BITS, decodeTokenStatusList, encodeTokenStatusList } from './token-status-list.js';
export { encodeSignerRecord, readStatusFile, type SignerRecord, type StatusFile } from './status-file.js';
