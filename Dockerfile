# The service in an image: docker build -t jwtkit .
FROM node:24-slim AS build
WORKDIR /src
COPY . .
RUN npm ci && npm run --silent tarball -- /tmp

FROM node:24-slim
COPY --from=build /tmp/jwtkit-*.tgz /tmp/
RUN npm install --global /tmp/jwtkit-*.tgz && rm /tmp/jwtkit-*.tgz
USER 10001
ENTRYPOINT ["jwtkit"]
