import { type DynamicModule, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { ocspRoutes } from './ocsp/ocsp-routes.js';
import { publicationRoutes } from './publication/publication-routes.js';
import { Responder, type ResponderOptions } from './responder.js';

const OPTIONS = Symbol('ResponderOptions');

/**
 * OCSP, CRLs and CA certificates on the `public` listener. Its routes are plain Fastify handlers: through Nest's pipeline the
 * same request costs several times as much.
 */
@Module({})
export class ResponderModule implements OnModuleInit, OnApplicationShutdown {
  private readonly options: ResponderOptions;
  private readonly adapterHost: HttpAdapterHost<FastifyAdapter>;
  private readonly responder: Responder;

  constructor(
    @Inject(OPTIONS) options: ResponderOptions,
    adapterHost: HttpAdapterHost<FastifyAdapter>,
    responder: Responder,
  ) {
    this.options = options;
    this.adapterHost = adapterHost;
    this.responder = responder;
  }

  static register(options: ResponderOptions): DynamicModule {
    return {
      module: ResponderModule,
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: Responder, useFactory: () => new Responder(options) },
      ],
      exports: [Responder],
    };
  }

  async onModuleInit(): Promise<void> {
    const fastify = this.adapterHost.httpAdapter.getInstance();
    const { now, settings } = this.options;
    ocspRoutes(fastify, this.responder.ocspHandler);
    publicationRoutes(fastify, this.responder.publications, { now, crlMaxAge: settings.crlMaxAge });
    await this.responder.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.responder.stop();
  }
}
