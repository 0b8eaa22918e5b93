import type { ManualClock } from '@forescale/shared/time';
import { ApiError, type Call, pageOf } from './api.ts';
import { type Filter, matches, type TagSpecification, tagsOf } from './tags.ts';

interface TemplateData {
  readonly ImageId?: string;
  readonly UserData?: string;
  readonly MetadataOptions?: { readonly InstanceMetadataTags?: string };
}

interface Template {
  readonly id: string;
  readonly name: string;
  readonly data: TemplateData;
  readonly tags: ReadonlyMap<string, string>;
  readonly createdMs: number;
}

interface CreateInput {
  readonly LaunchTemplateName: string;
  readonly LaunchTemplateData: TemplateData;
  readonly TagSpecifications?: readonly TagSpecification[];
}

/** The launch templates of one region. */
export class LaunchTemplates {
  /** EC2 knows a new one only after so long. */
  knownAfterMs = 0;
  readonly all = new Map<string, Template>();
  readonly #clock: ManualClock;
  #made = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  create({ input }: Call) {
    const { LaunchTemplateName: name, LaunchTemplateData: data, TagSpecifications } = input as unknown as CreateInput;
    const tags = tagsOf(TagSpecifications, 'launch-template');
    if (this.all.has(name))
      throw new ApiError('InvalidLaunchTemplateName.AlreadyExistsException', `Launch template name already in use.`);
    const template = { id: this.#newId(), name, data, tags, createdMs: this.#clock.nowMs() };
    this.all.set(name, template);
    return { LaunchTemplate: shown(template) };
  }

  describe({ input }: Call, pageSize: number) {
    const { Filters, NextToken, MaxResults } = input as {
      Filters?: readonly Filter[];
      NextToken?: string;
      MaxResults?: number;
    };
    const found = [...this.all.values()].filter((one) => matches(Filters, one.tags, new Map()));
    const { items, next } = pageOf(found, Math.min(pageSize, MaxResults ?? 200), NextToken);
    return { LaunchTemplates: items.map(shown), NextToken: next };
  }

  delete({ input }: Call) {
    const template = this.known(input as { LaunchTemplateName?: string; LaunchTemplateId?: string });
    this.all.delete(template.name);
    return { LaunchTemplate: shown(template) };
  }

  /** The one that is meant, once EC2 knows it. */
  known({
    LaunchTemplateName,
    LaunchTemplateId,
  }: {
    LaunchTemplateName?: string;
    LaunchTemplateId?: string;
  }): Template {
    const template = [...this.all.values()].find(
      ({ id, name }) => id === LaunchTemplateId || name === LaunchTemplateName,
    );
    if (template && template.createdMs + this.knownAfterMs <= this.#clock.nowMs()) return template;
    if (LaunchTemplateId !== undefined)
      throw new ApiError(
        'InvalidLaunchTemplateId.NotFound',
        `The launch template ID '${LaunchTemplateId}' does not exist`,
      );
    throw new ApiError(
      'InvalidLaunchTemplateName.NotFoundException',
      `The specified launch template, with template name ${LaunchTemplateName}, does not exist.`,
    );
  }

  #newId(): string {
    return `lt-0${String(++this.#made).padStart(16, '0')}`;
  }
}

function shown({ id, name, createdMs, tags }: Template) {
  return {
    LaunchTemplateId: id,
    LaunchTemplateName: name,
    CreateTime: new Date(createdMs),
    DefaultVersionNumber: 1,
    LatestVersionNumber: 1,
    Tags: [...tags].map(([Key, Value]) => ({ Key, Value })),
  };
}
