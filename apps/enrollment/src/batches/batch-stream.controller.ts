import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Controller, Logger, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { confinedToFactory, Consumes, OnListener, Principal, Roles, ServerError } from '@touchmark/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { StandingTokens } from '../access/standing-tokens.js';
import { EnrollmentError } from '../enrollment-error.js';
import { Uuid } from '../registry/schemas.js';
import { Batches } from './batches.js';
import { ProvisionChunk } from './provision-chunk.js';
import { ProvisionAnswer, ProvisionLine } from './provision-line.js';
import { type AnswerSink, ProvisionStream } from './provision-stream.js';

const NDJSON = 'application/x-ndjson';
/** Milliseconds for which a client that still sends is listened to after the stream has ended. */
const LINGER = 2_000;

const schemaOf = (schema: z.ZodType): object => {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { target: 'draft-2020-12' });
  return json;
};

@ApiTags('batches')
@Controller('v1/batches/:id/requests')
@OnListener('admin')
@Roles('admin', 'factory')
export class BatchStreamController {
  private readonly logger = new Logger('batch-stream');

  constructor(
    private readonly batches: Batches,
    private readonly chunks: ProvisionChunk,
    private readonly tokens: StandingTokens,
  ) {}

  @Post()
  @Consumes(NDJSON)
  @ApiOperation({
    summary: 'Provision devices: requests in, certificates out, in the same order, over one connection',
    description:
      'One JSON object a line, at most 16 KiB. Answers come while requests are still being sent. A line that is refused does ' +
      'not end the stream, one that is too long does, and so does the end of the access token. Without the last line, `done`, send everything again: the same device ' +
      'and key get the same certificate.',
  })
  @ApiBody({ schema: schemaOf(ProvisionLine) })
  @ApiOkResponse({ content: { [NDJSON]: { schema: schemaOf(ProvisionAnswer) } } })
  async provision(
    @Param('id', { schema: Uuid }) id: string,
    @Principal() caller: Principal,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const batch = await this.batches.get(id, confinedToFactory(caller));
    const source = request.body instanceof Readable ? request.body : Readable.from([]);
    reply.hijack();
    const { raw: response } = reply;
    response.writeHead(200, { 'Content-Type': NDJSON, 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    const checkToken = this.tokens.watch(caller.jti);
    const stream = new ProvisionStream(async (lines) => {
      await checkToken();
      return this.chunks.run(batch, lines, caller.sub);
    }, sinkOf(response));
    try {
      await stream.run(source);
    } catch (error) {
      if (!response.destroyed) this.tell(error, batch.id);
      // octets that nobody reads would reset the connection before the client has read its answers
      source.resume();
      const cut = setTimeout(() => request.raw.destroy(), LINGER);
      response.once('close', () => clearTimeout(cut));
      source.once('end', () => clearTimeout(cut));
    }
    response.end();
  }

  private tell(error: unknown, batch: string): void {
    if (EnrollmentError.is(error) && error.code === 'LINE_TOO_LONG') return;
    if (error instanceof ServerError) {
      this.logger.warn({ code: error.code, batch }, 'a batch stream ended with its access token');
      return;
    }
    this.logger.error({ err: error, batch }, 'a batch stream ended early');
  }
}

function sinkOf(response: ServerResponse): AnswerSink {
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        if (response.destroyed) {
          reject(new Error('the client has gone'));
          return;
        }
        if (response.write(text)) {
          resolve();
          return;
        }
        const forget = (): void => {
          response.off('drain', onDrain);
          response.off('close', onClose);
        };
        const onDrain = (): void => {
          forget();
          resolve();
        };
        const onClose = (): void => {
          forget();
          reject(new Error('the client has gone'));
        };
        response.on('drain', onDrain);
        response.on('close', onClose);
      }),
  };
}
