# The commands of the tutorial "Integrating with OpenResty" of the Curity Identity Server, as they are
# printed there, one block per listing. The tests paste them; nothing here is changed to suit us.

curl http://localhost:8080/api

curl -k -u 'test-client:Password1' -X POST https://localhost:8443/oauth/v2/oauth-token \
-d grant_type=client_credentials \
-d scope=read

curl -H "Authorization: Bearer <opaque_token_value>" http://localhost:8080/api
