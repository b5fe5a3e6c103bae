import {
  Controller,
  type DynamicModule,
  type FactoryProvider,
  Get,
  Header,
  Inject,
  Module,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../access/roles.js';
import { ServerError } from '../errors/server-error.js';
import type { ListenerName } from '../listeners/listener-name.js';
import { OnListener } from '../listeners/on-listener.js';

/** Resolves when the named thing works; rejects, or takes longer than two seconds, when it does not. */
export type HealthCheck = () => Promise<unknown>;

export type HealthChecks = Readonly<Record<string, HealthCheck>>;

const HEALTH_CHECKS = Symbol('HealthChecks');
const CHECK_MILLISECONDS = 2_000;
const KEPT_MILLISECONDS = 1_000;

/**
 * `GET /livez` (the process answers) and `GET /readyz` (every check passes; 503 with the names of those that fail).
 * Open to everyone on the listener, so names say what fails and never why, and the checks run once a second at most, however
 * often they are asked for.
 */
export function healthModule(options: {
  readonly listener: ListenerName;
  readonly checks: Pick<FactoryProvider<HealthChecks>, 'useFactory' | 'inject'>;
  readonly imports?: ModuleMetadata['imports'];
}): DynamicModule {
  return {
    module: HealthModule,
    imports: [...(options.imports ?? [])],
    controllers: [healthController(options.listener)],
    providers: [{ provide: HEALTH_CHECKS, ...options.checks }],
  };
}

@Module({})
class HealthModule {}

function healthController(listener: ListenerName): Type {
  @Controller()
  @OnListener(listener)
  @Public()
  @ApiExcludeController()
  class HealthController {
    readonly #failing: () => Promise<string[]>;

    constructor(@Inject(HEALTH_CHECKS) checks: HealthChecks) {
      this.#failing = keptForAMoment(() => failingChecks(checks));
    }

    @Get('livez')
    @Header('Cache-Control', 'no-store')
    live(): { status: 'ok' } {
      return { status: 'ok' };
    }

    @Get('readyz')
    @Header('Cache-Control', 'no-store')
    async ready(): Promise<{ status: 'ok' }> {
      const failing = await this.#failing();
      if (failing.length === 0) return { status: 'ok' };
      throw new ServerError('NOT_READY', { failing }, `not ready: ${failing.join(', ')}`);
    }
  }
  return HealthController;
}

/** The names of the checks that do not pass, in their own order. */
export async function failingChecks(checks: HealthChecks): Promise<string[]> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => ((await passes(check)) ? [] : [name])),
  );
  return results.flat();
}

/** Everyone who asks while it runs, and for a second after, gets the same result. */
export function keptForAMoment<T>(run: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined;
  const runAndForget = async (): Promise<T> => {
    try {
      return await run();
    } finally {
      setTimeout(() => {
        kept = undefined;
      }, KEPT_MILLISECONDS).unref();
    }
  };
  return () => (kept ??= runAndForget());
}

async function passes(check: HealthCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), CHECK_MILLISECONDS);
  });
  const run = async (): Promise<boolean> => {
    try {
      await check();
      return true;
    } catch {
      return false;
    }
  };
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}
