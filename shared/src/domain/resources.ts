/** What a node offers or a pod asks for. CPU in thousandths of a core, memory in bytes, the others as counts. */
export interface Resources {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  readonly pods: number;
  readonly gpus: number;
}

export const NO_RESOURCES: Resources = { cpuMillicores: 0, memoryBytes: 0, pods: 0, gpus: 0 };

export function addResources(a: Resources, b: Resources): Resources {
  return {
    cpuMillicores: a.cpuMillicores + b.cpuMillicores,
    memoryBytes: a.memoryBytes + b.memoryBytes,
    pods: a.pods + b.pods,
    gpus: a.gpus + b.gpus,
  };
}

export function subtractResources(a: Resources, b: Resources): Resources {
  return {
    cpuMillicores: a.cpuMillicores - b.cpuMillicores,
    memoryBytes: a.memoryBytes - b.memoryBytes,
    pods: a.pods - b.pods,
    gpus: a.gpus - b.gpus,
  };
}

/** Whether `request` fits into what is `free`. */
export function fits(request: Resources, free: Resources): boolean {
  return (
    request.cpuMillicores <= free.cpuMillicores &&
    request.memoryBytes <= free.memoryBytes &&
    request.pods <= free.pods &&
    request.gpus <= free.gpus
  );
}
