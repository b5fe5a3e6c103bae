export { CaPortClient, connectCaPort, type ConnectCaPortOptions } from './connect-ca-port.js';
export type { GrpcCredentials } from './credentials.js';
export { CaGrpcError, type CaGrpcErrorCode } from './error.js';
export type { ServerStatus } from './server-judge.js';
export { type CaPortServer, serveCaPort, type ServeCaPortOptions } from './serve-ca-port.js';
