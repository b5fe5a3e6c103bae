import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { OnListener, Principal, Roles } from '@touchmark/server';
import type { z } from 'zod';
import { Uuid } from '../registry/schemas.js';
import { ChangeDeviceStatus, type DeviceAct, type StatusAnswer } from './change-device-status.js';
import { Hold, NoMembers, Revocation, StatusChange } from './status-schemas.js';

@ApiTags('status')
@Controller('v1/devices/:deviceRef')
@OnListener('admin')
@Roles('admin', 'security-admin')
export class DeviceStatusController {
  constructor(private readonly changeStatus: ChangeDeviceStatus) {}

  @Post('suspension')
  @HttpCode(200)
  @ApiOperation({ summary: 'Suspend a device, for one cause among possibly several' })
  @ApiOkResponse({ standardSchema: StatusChange })
  suspend(
    @Param('deviceRef', { schema: Uuid }) deviceRef: string,
    @Body({ schema: Hold }) { cause }: z.infer<typeof Hold>,
    @Principal() caller: Principal,
  ) {
    return this.run(deviceRef, { act: 'suspend', cause }, caller);
  }

  @Post('release')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take one cause of suspension away; the last one gone, the device is valid again' })
  @ApiOkResponse({ standardSchema: StatusChange })
  release(
    @Param('deviceRef', { schema: Uuid }) deviceRef: string,
    @Body({ schema: Hold }) { cause }: z.infer<typeof Hold>,
    @Principal() caller: Principal,
  ) {
    return this.run(deviceRef, { act: 'release', cause }, caller);
  }

  @Post('revocation')
  @HttpCode(200)
  @ApiOperation({ summary: 'Revoke a device and every certificate of it, for ever' })
  @ApiOkResponse({ standardSchema: StatusChange })
  revoke(
    @Param('deviceRef', { schema: Uuid }) deviceRef: string,
    @Body({ schema: Revocation }) revocation: z.infer<typeof Revocation>,
    @Principal() caller: Principal,
  ) {
    return this.run(deviceRef, { act: 'revoke', ...revocation }, caller);
  }

  @Post('retirement')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the life of a device in good standing' })
  @ApiOkResponse({ standardSchema: StatusChange })
  retire(
    @Param('deviceRef', { schema: Uuid }) deviceRef: string,
    @Body({ schema: NoMembers }) _nothing: z.infer<typeof NoMembers>,
    @Principal() caller: Principal,
  ) {
    return this.run(deviceRef, { act: 'retire' }, caller);
  }

  @Post('recommissioning')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let the hardware of a revoked or retired device start over, in a new generation' })
  @ApiOkResponse({ standardSchema: StatusChange })
  recommission(
    @Param('deviceRef', { schema: Uuid }) deviceRef: string,
    @Body({ schema: NoMembers }) _nothing: z.infer<typeof NoMembers>,
    @Principal() caller: Principal,
  ) {
    return this.run(deviceRef, { act: 'recommission' }, caller);
  }

  private async run(deviceRef: string, act: DeviceAct, caller: Principal): Promise<z.infer<typeof StatusChange>> {
    return statusChangeOf(await this.changeStatus.run(deviceRef, act, caller.sub));
  }
}

export function statusChangeOf({ position, ...answer }: StatusAnswer): z.infer<typeof StatusChange> {
  return { ...position, ...answer };
}
