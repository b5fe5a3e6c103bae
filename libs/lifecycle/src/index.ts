export { isDeviceSerial, isModel, isRealm } from './identity.js';
export {
  DEVICE_STATES,
  nextDeviceState,
  type DeviceEvent,
  type DeviceRefusalCode,
  type DeviceState,
  type DeviceTransition,
  type HoldableState,
} from './device-state.js';
export { placeHold, releaseHold, seatValueOf, type SeatValueName, type Standing } from './seat-value-of.js';
export { renewAfter } from './renewal-window.js';
export type { CredentialFacts } from './credential-facts.js';
export {
  decideEnrollment,
  type BatchEvidence,
  type CredentialEvidence,
  type EnrollmentDecision,
  type EnrollmentRefusalCode,
  type EnrollmentRequest,
  type TokenEvidence,
} from './rotation.js';
