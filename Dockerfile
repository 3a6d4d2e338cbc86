# The service in an image: docker build -t jwtkit .
FROM node:24-slim AS build
WORKDIR /src
# Packages have a layer of their own: they change less often than the source.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run --silent tarball -- /tmp

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=build /tmp/jwtkit-*.tgz /tmp/
RUN npm install --global /tmp/jwtkit-*.tgz && rm /tmp/jwtkit-*.tgz
USER 10001
EXPOSE 8000
ENTRYPOINT ["jwtkit"]
