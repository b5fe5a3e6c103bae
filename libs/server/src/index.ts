export { type Clock, systemClock } from './clock.js';
export { Closing } from './closing.js';
export { failProcess, openContext, type ProcessContext, runProcess } from './run-process.js';
export { type RandomBytes, systemRandomBytes } from './random.js';
export { randomUuid, timeOrderedUuid } from './uuid.js';

export { type CodedError } from './errors/coded-error.js';
export { type ErrorFilterOptions } from './errors/error-filter.js';
export { UsageError } from './errors/usage-error.js';
export type { DescribeError, Problem, ProblemDescription } from './errors/problem.js';
export { toProblem } from './errors/to-problem.js';
export { type ErrorRenderer, type RenderedError, renderProblemJson, renderProblemText } from './errors/render.js';
export {
  type FieldError,
  ServerError,
  type ServerErrorCode,
  type ServerErrorContexts,
  type SettingError,
} from './errors/server-error.js';

export { type ApplicationOptions, createApplication, fastifyOf } from './http/application.js';
export { Consumes, type RequestMediaType } from './http/media-types.js';
export { type Access, publicRoute, type RouteRules } from './http/route-rules.js';
export { listRoutes, type RouteRecord } from './http/route-table.js';
export { fieldErrors } from './http/validation.js';

export { closeRefused } from './listeners/close-refused.js';
export { capHandshakes, type HandshakeCount } from './listeners/handshake-cap.js';
export { limitPipelines } from './listeners/pipeline.js';
export { type Listener, type ListenerOptions, type ListenerTls, type ServerCredentials } from './listeners/listener.js';
export { type ListenerName } from './listeners/listener-name.js';
export { beginLongAnswer } from './listeners/long-answer.js';
export { listenError } from './listeners/listen-error.js';
export { OnListener } from './listeners/on-listener.js';
export { openListeners, type RunningListeners } from './listeners/open-listeners.js';
export { channelBinding } from './listeners/channel-binding.js';
export { certificatesOfSocket, peerCertificates } from './listeners/peer-certificates.js';

export type { AccessJwk, AccessKeys } from './access/access-keys.js';
export {
  accessJwk,
  AccessTokens,
  type AccessTokenClaims,
  issueAccessToken,
  type RevokedTokens,
} from './access/access-token.js';
export type { TokenVerifier } from './access/authorize.js';
export { confinedToFactory, Principal } from './access/principal.js';
export { type Role, ROLES } from './access/role.js';
export { Public, Roles } from './access/roles.js';

export { readFlags, usageText } from './config/command-line.js';
export { answerConfigCommand } from './config/config-command.js';
export { type ConfigSources, type Environment, loadConfig, type LoadedConfig } from './config/load-config.js';
export { packageRoot, packageVersion } from './config/package.js';
export {
  caUrlSetting,
  databaseUrlSetting,
  healthPortSetting,
  hostSetting,
  logSettings,
  organizationSetting,
  port,
  realmSetting,
  redisUrlSetting,
  secretsFolderSetting,
} from './config/process-settings.js';
export { describeConfig, type Setting } from './config/settings.js';

export { IdempotencyInterceptor, SecretFields } from './idempotency/idempotency-interceptor.js';
export type {
  IdempotencyClaim,
  IdempotencyRecord,
  IdempotencyScope,
  IdempotencyStore,
  StoredAnswer,
} from './idempotency/idempotency-store.js';

export { failingChecks, type HealthCheck, type HealthChecks, healthModule } from './observe/health.js';
export { openHealthPort } from './observe/health-port.js';
export { createLogger, type LoggerOptions, type LogLevel } from './observe/logger.js';
export { NestLogger } from './observe/nest-logger.js';
export { createMetricsRegistry, measureHandshakes, measureRequests, metricsModule } from './observe/metrics.js';

export { type ApiDescription, serveOpenApi } from './openapi/document.js';
