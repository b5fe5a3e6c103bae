export { StatusListError, type StatusListErrorCode } from './errors.js';
export {
  LIST_SIZE,
  MAX_LIST_ID,
  SERIAL_NUMBER_FORMAT,
  SERIAL_NUMBER_LENGTH,
  SERIAL_NUMBER_RANDOM_LENGTH,
  encodeSerialNumber,
  parseSerialNumber,
  type Seat,
  type SerialNumberParts,
} from './seat.js';
export { SeatValue, isSeatValue, seatValueName, type SeatValueName } from './seat-value.js';
export { SeatBitmap, type NonValidSeat } from './seat-bitmap.js';
export { SeatTable } from './seat-table.js';
export { NO_WELL_DEFINED_EXPIRATION, bucketEnd, bucketOf } from './list-bucket.js';
