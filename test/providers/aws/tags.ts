import { ApiError } from './api.ts';

export interface TagSpecification {
  readonly ResourceType?: string;
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[];
}

export interface Filter {
  readonly Name?: string;
  readonly Values?: readonly string[];
}

/** The tags that a request gives to one type of resource. */
export function tagsOf(specifications: readonly TagSpecification[] | undefined, type: string): Map<string, string> {
  const tags = (specifications ?? []).filter((one) => one.ResourceType === type).flatMap((one) => one.Tags ?? []);
  const keys = tags.map((tag) => tag.Key ?? '');
  if (tags.length > 50) throw new ApiError('TagLimitExceeded', 'More than 50 tags');
  const bad = keys.find((key) => key === '' || key.length > 128 || key.startsWith('aws:'));
  if (bad !== undefined) throw new ApiError('InvalidParameterValue', `Tag key ${bad} is invalid`);
  if (new Set(keys).size < keys.length) throw new ApiError('InvalidParameterValue', 'Duplicate tag keys');
  if (tags.some((tag) => (tag.Value ?? '').length > 256))
    throw new ApiError('InvalidParameterValue', 'Tag value too long');
  return new Map(tags.map((tag) => [tag.Key ?? '', tag.Value ?? '']));
}

/** Every filter has to fit, by any of its values. Filters that are not known here are refused rather than left out. */
export function matches(
  filters: readonly Filter[] | undefined,
  tags: ReadonlyMap<string, string>,
  fields: ReadonlyMap<string, string>,
): boolean {
  return (filters ?? []).every(({ Name = '', Values = [] }) => {
    if (Values.length > 200) throw new ApiError('FilterLimitExceeded', 'A filter has at most 200 values');
    const isTag = Name.startsWith('tag:');
    if (!isTag && !fields.has(Name)) throw new ApiError('InvalidParameterValue', `The filter '${Name}' is invalid`);
    const is = isTag ? tags.get(Name.slice('tag:'.length)) : fields.get(Name);
    return is !== undefined && Values.includes(is);
  });
}
