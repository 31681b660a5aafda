interface Issues {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

/**
 * What a schema complains of, for people: each complaint with the field that it is about.
 *
 * @param whole what the value is called where no field of it is to blame
 */
export const issueWords = ({ issues }: Issues, whole?: string): string =>
  issues
    .map(({ path, message }) => {
      const place = path.length > 0 ? path.map(String).join('.') : whole;
      return place === undefined ? message : `${place}: ${message}`;
    })
    .join('; ');
