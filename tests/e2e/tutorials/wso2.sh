# The commands of the tutorial "Integrate with WSO2 API Manager" of the Curity Identity Server, as they are
# printed there, one block per listing. The tests paste them; nothing here is changed to suit us.

DCR=$(curl -sk -u admin:admin -H "Content-Type: application/json" \
-d '{"clientName":"setup","owner":"admin","grantType":"password client_credentials","saasApp":true}' \
"https://localhost:9443/client-registration/v0.17/register")
CLIENT_ID=$(echo "$DCR" | grep -o '"clientId":"[^"]*"' | cut -d'"' -f4)
CLIENT_SECRET=$(echo "$DCR" | grep -o '"clientSecret":"[^"]*"' | cut -d'"' -f4)
TOKEN=$(curl -sk -u "${CLIENT_ID}:${CLIENT_SECRET}" \
-d "grant_type=password&username=admin&password=admin" \
--data-urlencode "scope=apim:subscribe apim:app_manage apim:sub_manage" \
"https://localhost:9443/oauth2/token" \
| grep -o '"access_token":"[^"]*"' | cut -d'"' -f4)

APP_ID=$(curl -sk -H "Authorization: Bearer $TOKEN" \
"https://localhost:9443/api/am/devportal/v3/applications?query=CurityApp" \
| grep -o '"applicationId":"[^"]*"' | head -1 | cut -d'"' -f4)
API_ID=$(curl -sk -H "Authorization: Bearer $TOKEN" \
"https://localhost:9443/api/am/publisher/v4/apis?query=name:HttpBin" \
| grep -o '"id":"[^"]*"' | head -1 | cut -d'"' -f4)

curl -sk -X POST \
-H "Authorization: Bearer $TOKEN" \
-H "Content-Type: application/json" \
"https://localhost:9443/api/am/devportal/v3/applications/$APP_ID/map-keys?keyType=PRODUCTION" \
-d '{"consumerKey": "client-one","consumerSecret": "not-used","keyManager": "curity","keyType": "PRODUCTION"}'
curl -sk -X POST \
-H "Authorization: Bearer $TOKEN" \
-H "Content-Type: application/json" \
"https://localhost:9443/api/am/devportal/v3/subscriptions" \
-d '{"applicationId": "'$APP_ID'","apiId": "'$API_ID'","throttlingPolicy": "Unlimited"}'

curl -sk https://localhost:8243/httpbin/v1/get \
-H "Authorization: Bearer <opaque-token-from-step-1>"

curl -sk -w "\nHTTP %{http_code}\n" https://localhost:8243/httpbin/v1/get \
-H "Authorization: Bearer <expired-token>"
