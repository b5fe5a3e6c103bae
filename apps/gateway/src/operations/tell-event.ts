import type { VerifierEvent } from '@touchmark/verifier';
import type { Logger } from 'pino';

/** What the verifier tells, for who reads the log. */
export function tellEvent(logger: Logger, event: VerifierEvent): void {
  switch (event.type) {
    case 'stale':
      return logger.error({ asOf: event.asOf }, 'what is known of status is too old');
    case 'fresh':
      return logger.info({ asOf: event.asOf }, 'what is known of status is proven');
    case 'disconnected':
      return logger.warn({ code: event.code, retryIn: Math.ceil(event.retryIn) }, 'the status feed is away');
    case 'connected':
      return logger.info({ mode: event.mode }, 'following the status feed');
    case 'refused':
      return logger.error({ what: event.what, code: event.code }, 'status news was not believed');
    case 'cache-failed':
      return logger.error({ code: event.code, err: event.error }, 'the cache folder cannot be used');
    case 'cache-recovered':
      return logger.info('the cache folder can be used again');
    case 'connection-ended':
      return logger.info({ code: event.code }, 'a connection was ended');
    case 'connection-failed':
      return logger.error({ err: event.cause }, 'a connection could not be ended');
    case 'source-failed':
      return logger.error({ err: event.cause }, 'a source of status failed');
    case 'position':
    case 'accepted-while-stale':
      return undefined;
    default:
      return event satisfies never;
  }
}
