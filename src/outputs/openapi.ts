import type { Route } from './api-routes.ts';

const error = {
  type: 'object',
  properties: { code: { type: 'string' }, message: { type: 'string' } },
  required: ['code', 'message'],
};
const json = (schema: object): object => ({ content: { 'application/json': { schema } } });

/** An OpenAPI 3.1 document of the routes. */
export function openapi(routes: readonly Route[], server: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'EdgeBind',
      version: server,
      description: 'The stream of embeddings, scores and alerts is the WebSocket /v1/stream: see docs/wire.md.',
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  };
}

function operation({ summary, parameters, body, answer, isPublic }: Route): object {
  const good = typeof answer === 'string' ? { content: { [answer]: { schema: { type: 'string' } } } } : json(answer);
  return {
    summary,
    security: isPublic === true ? [] : [{}, { token: [] }],
    ...(parameters ? { parameters: parameters.map((parameter) => ({ ...parameter, required: parameter.in === 'path' })) } : {}),
    ...(body ? { requestBody: { required: true, ...json(body) } } : {}),
    responses: {
      200: { description: summary, ...good },
      default: { description: 'What is wrong and how to put it right', ...json(error) },
    },
  };
}
