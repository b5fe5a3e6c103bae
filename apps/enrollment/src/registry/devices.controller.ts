import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { toHex } from '@touchmark/der';
import { OnListener, Roles } from '@touchmark/server';
import { z } from 'zod';
import {
  Device,
  DeviceCertificate,
  DeviceEvent,
  DeviceState,
  reasonName,
  Refusal,
  statusNames,
} from './device-schemas.js';
import { Devices } from './devices.js';
import { DeviceSerial, limit, ModelName, pageOf, SequenceId, Uuid } from './schemas.js';

const ListDevices = z.strictObject({
  model: ModelName.optional(),
  state: DeviceState.optional(),
  batchId: Uuid.optional(),
  policyId: Uuid.optional(),
  deviceSerialPrefix: DeviceSerial.optional().describe('Beginning of the deviceSerial, without regard to case'),
  after: Uuid.optional(),
  limit,
});
const NewestFirst = z.strictObject({ before: SequenceId.optional(), limit });
const ListRefusals = NewestFirst.extend({ batchId: Uuid.optional(), deviceRef: Uuid.optional() });
const Certificates = z.strictObject({ items: z.array(DeviceCertificate) });

@ApiTags('devices')
@Controller('v1')
@OnListener('admin')
@Roles('admin', 'security-admin', 'auditor')
export class DevicesController {
  constructor(private readonly devices: Devices) {}

  @Get('devices')
  @ApiOperation({ summary: 'Search devices' })
  @ApiOkResponse({ standardSchema: pageOf(Device) })
  list(@Query({ schema: ListDevices }) { after, limit: size, ...filter }: z.infer<typeof ListDevices>) {
    return this.devices.list(filter, after, size);
  }

  @Get('devices/:deviceRef')
  @ApiOperation({ summary: 'Read a device' })
  @ApiOkResponse({ standardSchema: Device })
  get(@Param('deviceRef', { schema: Uuid }) deviceRef: string): Promise<z.infer<typeof Device>> {
    return this.devices.get(deviceRef);
  }

  @Get('devices/:deviceRef/events')
  @ApiOperation({ summary: 'What happened to a device, newest first' })
  @ApiOkResponse({ standardSchema: pageOf(DeviceEvent) })
  events(
    @Param('deviceRef', { schema: Uuid }) deviceRef: string,
    @Query({ schema: NewestFirst }) { before, limit: size }: z.infer<typeof NewestFirst>,
  ) {
    return this.devices.events(deviceRef, before, size);
  }

  @Get('devices/:deviceRef/certificates')
  @ApiOperation({ summary: 'Certificates of a device in the order of issue' })
  @ApiOkResponse({ standardSchema: Certificates })
  async certificates(@Param('deviceRef', { schema: Uuid }) deviceRef: string): Promise<z.infer<typeof Certificates>> {
    const certificates = await this.devices.certificates(deviceRef);
    return {
      items: certificates.map(({ serialNumber, seatValue, reason, ...certificate }) => ({
        ...certificate,
        serialNumber: toHex(serialNumber),
        status: statusNames[seatValue],
        reason: reasonName(reason),
      })),
    };
  }

  @Get('refusals')
  @ApiOperation({ summary: 'Refused enrolments, newest first' })
  @ApiOkResponse({ standardSchema: pageOf(Refusal) })
  refusals(@Query({ schema: ListRefusals }) { before, limit: size, ...filter }: z.infer<typeof ListRefusals>) {
    return this.devices.refusals(filter, before, size);
  }
}
