import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { confinedToFactory, OnListener, Principal, Roles } from '@touchmark/server';
import type { BatchView } from '@touchmark/store';
import { z } from 'zod';
import { Refusal } from '../registry/device-schemas.js';
import { Devices } from '../registry/devices.js';
import { limit, ModelName, Name, pageOf, SequenceId, UtcSeconds, Uuid } from '../registry/schemas.js';
import { Batches } from './batches.js';

const NewBatch = z
  .strictObject({
    factory: Name,
    model: ModelName,
    policy: Name,
    size: z.int().min(1).max(10_000_000).describe('Devices that it may provision'),
    validUntil: UtcSeconds,
  })
  .meta({ id: 'NewBatch' });

const Batch = z
  .strictObject({
    id: z.uuid(),
    factory: z.string(),
    model: z.string(),
    policy: z.string(),
    size: z.int(),
    remaining: z.int().nullable().describe('Devices that it may still provision'),
    validUntil: UtcSeconds,
    createdBy: z.string(),
    createdAt: UtcSeconds,
  })
  .meta({ id: 'Batch' });

const ListBatches = z.strictObject({ before: Uuid.optional(), limit });
const ListRefusals = z.strictObject({ before: SequenceId.optional(), limit });

@ApiTags('batches')
@Controller('v1/batches')
@OnListener('admin')
@Roles('admin', 'security-admin', 'auditor', 'factory')
export class BatchesController {
  constructor(
    private readonly batches: Batches,
    private readonly devices: Devices,
  ) {}

  @Post()
  @Roles('admin')
  @ApiOperation({ summary: 'Let a factory provision so many devices of a model' })
  @ApiCreatedResponse({ standardSchema: Batch })
  async create(
    @Body({ schema: NewBatch }) batch: z.infer<typeof NewBatch>,
    @Principal() caller: Principal,
  ): Promise<z.infer<typeof Batch>> {
    return shown(await this.batches.create(batch, caller.sub));
  }

  @Get()
  @ApiOperation({ summary: 'List batches, newest first; a factory sees its own' })
  @ApiOkResponse({ standardSchema: pageOf(Batch) })
  async list(
    @Query({ schema: ListBatches }) { before, limit: size }: z.infer<typeof ListBatches>,
    @Principal() caller: Principal,
  ) {
    const { items, ...page } = await this.batches.list(confinedToFactory(caller), before, size);
    return { items: items.map(shown), ...page };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a batch' })
  @ApiOkResponse({ standardSchema: Batch })
  async get(@Param('id', { schema: Uuid }) id: string, @Principal() caller: Principal): Promise<z.infer<typeof Batch>> {
    return shown(await this.batches.get(id, confinedToFactory(caller)));
  }

  @Get(':id/refusals')
  @ApiOperation({ summary: 'Why lines of a batch were refused, newest first' })
  @ApiOkResponse({ standardSchema: pageOf(Refusal) })
  async refusals(
    @Param('id', { schema: Uuid }) id: string,
    @Query({ schema: ListRefusals }) { before, limit: size }: z.infer<typeof ListRefusals>,
    @Principal() caller: Principal,
  ) {
    await this.batches.get(id, confinedToFactory(caller));
    return this.devices.refusals({ batchId: id }, before, size);
  }
}

function shown({
  id,
  factory,
  model,
  policy,
  size,
  remaining,
  validUntil,
  createdBy,
  createdAt,
}: BatchView): z.infer<typeof Batch> {
  return { id, factory, model, policy, size, remaining, validUntil, createdBy, createdAt };
}
