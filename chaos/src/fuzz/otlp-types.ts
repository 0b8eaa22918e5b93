import protobuf from 'protobufjs';

const root = protobuf.loadSync(new URL(import.meta.resolve('@forescale/collector/otlp.proto')).pathname);

export const OTLP_TYPES = {
  request: root.lookupType('otlp.ExportMetricsServiceRequest'),
  response: root.lookupType('otlp.ExportMetricsServiceResponse'),
  status: root.lookupType('otlp.Status'),
};
