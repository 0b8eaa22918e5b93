import { describe, expect, it } from 'vitest';
import { Lab } from '../lab.ts';
import type { JsonObject } from '../objects/json.ts';

const BUFFERS = '/apis/autoscaling.x-k8s.io/v1beta1/namespaces/default/capacitybuffers';
const served = { customResources: { capacitybuffers: ['v1beta1', 'v1alpha1'], machines: ['v1beta2'] } };
const buffer = (spec: JsonObject) => ({ metadata: { name: 'web' }, spec });

function statusOf(lab: Lab, method: string, path: string, body?: JsonObject): number {
  return lab.cluster.request(method, path, body).status;
}

describe('custom resources', () => {
  it('are not there where a cluster does not have them', () => {
    const lab = new Lab();
    expect(statusOf(lab, 'GET', BUFFERS)).toBe(404);
    expect(statusOf(lab, 'GET', '/apis/autoscaling.x-k8s.io')).toBe(404);
  });

  it('are discovered with their versions, and read in each of them', () => {
    const lab = new Lab(served);
    const group = JSON.parse(lab.cluster.request('GET', '/apis/autoscaling.x-k8s.io').body) as JsonObject;
    expect(group).toMatchObject({
      versions: [{ version: 'v1beta1' }, { version: 'v1alpha1' }],
      preferredVersion: { groupVersion: 'autoscaling.x-k8s.io/v1beta1' },
    });
    const list = lab.cluster.request('GET', '/apis/autoscaling.x-k8s.io/v1alpha1').body;
    expect(JSON.parse(list)).toMatchObject({
      resources: [{ name: 'capacitybuffers' }, { name: 'capacitybuffers/status' }],
    });
    lab.post(BUFFERS, buffer({ replicas: 1, podTemplateRef: { name: 'web' } }));
    const older = lab.cluster.request('GET', `${BUFFERS.replace('v1beta1', 'v1alpha1')}/web`).body;
    expect(JSON.parse(older)).toMatchObject({ apiVersion: 'autoscaling.x-k8s.io/v1alpha1', spec: { replicas: 1 } });
    expect(statusOf(lab, 'GET', '/apis/autoscaling.x-k8s.io/v1/capacitybuffers')).toBe(404);
    expect(statusOf(lab, 'GET', '/apis/cluster.x-k8s.io/v1beta2/machines')).toBe(200);
    expect(statusOf(lab, 'GET', '/apis/cluster.x-k8s.io/v1beta2/machinedeployments')).toBe(404);
  });

  it.each([
    ['a misspelt field', { replica: 1, podTemplateRef: { name: 'web' } }, 400],
    ['a misspelt field of a field', { replicas: 1, podTemplateRef: { nam: 'web' } }, 400],
    ['too few replicas', { replicas: -1, podTemplateRef: { name: 'web' } }, 422],
    ['a template, and no number', { podTemplateRef: { name: 'web' } }, 422],
    ['the wrong type', { replicas: '1', podTemplateRef: { name: 'web' } }, 400],
  ])('refuses %s', (_name, spec, status) => {
    expect(statusOf(new Lab(served), 'POST', BUFFERS, buffer(spec))).toBe(status);
  });

  it('have a scale that is written at the version that was read', () => {
    const lab = new Lab({ customResources: { machinedeployments: ['v1beta2'] } });
    const all = '/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machinedeployments';
    lab.post(all, { metadata: { name: 'md' }, spec: { clusterName: 'c', template: { spec: {} } } });
    const { metadata } = JSON.parse(lab.cluster.request('GET', `${all}/md/scale`).body) as JsonObject;
    const version = (metadata as JsonObject).resourceVersion as string;
    const resized = { metadata: { resourceVersion: version }, spec: { replicas: 3 } };
    expect(statusOf(lab, 'PATCH', `${all}/md/scale`, resized)).toBe(200);
    expect(statusOf(lab, 'PATCH', `${all}/md/scale`, resized)).toBe(409);
    expect(JSON.parse(lab.cluster.request('GET', `${all}/md`).body)).toMatchObject({ spec: { replicas: 3 } });
  });
});
