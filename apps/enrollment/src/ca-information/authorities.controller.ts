import { hash } from 'node:crypto';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthorityDescription, CaPort } from '@touchmark/ca-port';
import { OnListener, Roles } from '@touchmark/server';
import { encodePem } from '@touchmark/x509';
import { z } from 'zod';
import { CA_PORT } from '../enrollment-ports.js';

const Authority = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['root', 'idevid', 'ldevid', 'infrastructure']),
    certificate: z.string().describe('base64 of the DER'),
    pem: z.string(),
    fingerprintSha256: z.string().describe('SHA-256 of the DER, lower-case hex'),
  })
  .meta({ id: 'Authority' });

const Authorities = z.strictObject({ items: z.array(Authority) });

@ApiTags('ca')
@Controller('v1/authorities')
@OnListener('admin')
@Roles('admin', 'security-admin', 'auditor', 'factory', 'gateway')
export class AuthoritiesController {
  constructor(@Inject(CA_PORT) private readonly ca: Pick<CaPort, 'describeAuthorities'>) {}

  @Get()
  @ApiOperation({ summary: 'The root and the issuing CAs' })
  @ApiOkResponse({ standardSchema: Authorities })
  async list(): Promise<z.infer<typeof Authorities>> {
    return { items: (await this.ca.describeAuthorities()).map(shown) };
  }
}

function shown({ id, kind, certificate }: AuthorityDescription): z.infer<typeof Authority> {
  return {
    id,
    kind,
    certificate: Buffer.from(certificate).toString('base64'),
    pem: encodePem('CERTIFICATE', certificate),
    fingerprintSha256: hash('sha256', certificate, 'hex'),
  };
}
