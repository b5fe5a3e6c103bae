import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { fromHex } from '@touchmark/der';
import { OnListener, Principal, Roles } from '@touchmark/server';
import { z } from 'zod';
import { ChangeCertificateStatus } from './change-certificate-status.js';
import type { StatusAct } from './change-device-status.js';
import { statusChangeOf } from './device-status.controller.js';
import { Hold, Revocation, StatusChange } from './status-schemas.js';

const SerialNumber = z
  .string()
  .regex(/^([0-9A-Fa-f]{2}){1,20}$/, 'a serialNumber is 1 to 20 octets in hex')
  .toLowerCase();

@ApiTags('status')
@Controller('v1/certificates/:serialNumber')
@OnListener('admin')
@Roles('admin', 'security-admin')
export class CertificateStatusController {
  constructor(private readonly changeStatus: ChangeCertificateStatus) {}

  @Post('suspension')
  @HttpCode(200)
  @ApiOperation({ summary: 'Suspend one certificate of a device' })
  @ApiOkResponse({ standardSchema: StatusChange })
  suspend(
    @Param('serialNumber', { schema: SerialNumber }) serialNumber: string,
    @Body({ schema: Hold }) { cause }: z.infer<typeof Hold>,
    @Principal() caller: Principal,
  ) {
    return this.run(serialNumber, { act: 'suspend', cause }, caller);
  }

  @Post('release')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take one cause of suspension of a certificate away' })
  @ApiOkResponse({ standardSchema: StatusChange })
  release(
    @Param('serialNumber', { schema: SerialNumber }) serialNumber: string,
    @Body({ schema: Hold }) { cause }: z.infer<typeof Hold>,
    @Principal() caller: Principal,
  ) {
    return this.run(serialNumber, { act: 'release', cause }, caller);
  }

  @Post('revocation')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Revoke one certificate',
    description: 'For keyCompromise everything that descends from it goes too, and the device is suspended.',
  })
  @ApiOkResponse({ standardSchema: StatusChange })
  revoke(
    @Param('serialNumber', { schema: SerialNumber }) serialNumber: string,
    @Body({ schema: Revocation }) revocation: z.infer<typeof Revocation>,
    @Principal() caller: Principal,
  ) {
    return this.run(serialNumber, { act: 'revoke', ...revocation }, caller);
  }

  private async run(serialNumber: string, act: StatusAct, caller: Principal): Promise<z.infer<typeof StatusChange>> {
    return statusChangeOf(await this.changeStatus.run(fromHex(serialNumber), act, caller.sub));
  }
}
