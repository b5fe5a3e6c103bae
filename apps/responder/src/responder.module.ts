import { type DynamicModule, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { closeRefused } from '@touchmark/server';
import type { Registry } from 'prom-client';
import { feedRoutes } from './feed/feed-routes.js';
import { measureFeed } from './feed/measure-feed.js';
import { ocspRoutes } from './ocsp/ocsp-routes.js';
import { publicationRoutes } from './publication/publication-routes.js';
import { statusRoutes } from './publication/status-routes.js';
import { Responder, type ResponderOptions } from './responder.js';

export interface ResponderModuleOptions extends ResponderOptions {
  /** Where figures of the status feed are registered. */
  readonly metrics?: Registry;
}

const OPTIONS = Symbol('ResponderOptions');

/**
 * OCSP, CRLs, CA certificates and signed status on the `public` listener, the status feed on the `gateway` listener. The routes
 * are plain Fastify handlers: through Nest's pipeline the same request costs several times as much.
 */
@Module({})
export class ResponderModule implements OnModuleInit, OnApplicationShutdown {
  private readonly options: ResponderModuleOptions;
  private readonly adapterHost: HttpAdapterHost<FastifyAdapter>;
  private readonly responder: Responder;

  constructor(
    @Inject(OPTIONS) options: ResponderModuleOptions,
    adapterHost: HttpAdapterHost<FastifyAdapter>,
    responder: Responder,
  ) {
    this.options = options;
    this.adapterHost = adapterHost;
    this.responder = responder;
  }

  static register(options: ResponderModuleOptions): DynamicModule {
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
    const { now, settings, metrics } = this.options;
    ocspRoutes(fastify, this.responder.ocspHandler);
    publicationRoutes(fastify, this.responder.publications, { now, crlMaxAge: settings.crlMaxAge });
    const { statusTokens: tokens, statusDocuments: documents, feed, feedHub } = this.responder;
    statusRoutes(fastify, { tokens, documents }, { now, statusMaxAge: settings.statusMaxAge });
    closeRefused(fastify, 'gateway');
    feedRoutes(fastify, feed);
    if (metrics) measureFeed(feed, feedHub, metrics);
    await this.responder.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.responder.stop();
  }
}
