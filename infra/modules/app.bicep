// The function app on Flex Consumption, and every setting that it has in Azure.

import { modelDeployment } from 'foundry.bicep'

@description('Name of the plan; it holds this one app.')
param planName string

@description('Name of the app.')
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Memory of an instance in MB: 512 is a quarter of a core, 2048 one core, 4096 two.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('Most instances that run at once.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('Instances that never sleep, such as [{ name: \'blob\', instanceCount: 1 }]; they cost while they wait.')
param alwaysReady { name: string, instanceCount: int }[]

@description('Resource id of the identity that the app wears.')
param identityId string

@description('Client id of the same identity.')
param identityClientId string

@description('Name of the storage account.')
param storageAccountName string

@description('Address of the container that the code is deployed from.')
param packageAddress string

@description('Connection string of Application Insights; it holds no secret that opens anything.')
param insightsConnectionString string

@description('Address that the models answer at.')
param foundryEndpoint string

@description('Deployments that the app calls; the first of a kind is its default.')
param models modelDeployment[]

@description('Resource id of the subnet that outbound traffic goes through; empty: none.')
param subnetId string

@description('Other settings of the README, by name.')
param extraSettings object

var ocrModels = filter(models, model => model.kind == 'ocr')
var imageModels = filter(models, model => model.kind == 'image')
var embeddingModels = filter(models, model => model.kind == 'embedding')

// A setting that is not here has the default of the code. Those that Flex Consumption refuses must not be here at all:
// FUNCTIONS_WORKER_RUNTIME, FUNCTIONS_EXTENSION_VERSION, WEBSITE_RUN_FROM_PACKAGE and their like.
var settings = {
  // By the account's name, not by an address per service: with addresses the host has been seen without its storage.
  AzureWebJobsStorage__accountName: storageAccountName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AZURE_CLIENT_ID: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
  // At least as many as host.json lets run at once; or jobs would wait in a worker that has already begun their time.
  PYTHON_THREADPOOL_THREAD_COUNT: '64'
  DARKROOM_OCR_ENDPOINT: foundryEndpoint
  DARKROOM_OCR_MODEL: empty(ocrModels) ? '' : ocrModels[0].name
  DARKROOM_IMAGE_ENDPOINT: foundryEndpoint
  DARKROOM_IMAGE_MODEL: empty(imageModels) ? '' : imageModels[0].name
  DARKROOM_EMBEDDING_ENDPOINT: foundryEndpoint
  DARKROOM_EMBEDDING_MODEL: empty(embeddingModels) ? '' : embeddingModels[0].name
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_225: a zone that fails delays jobs, their messages stay
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // checkov:skip=CKV_AZURE_17: Event Grid, the only caller, has no client certificate
    // checkov:skip=CKV_AZURE_222: Event Grid calls from the internet; the key in its address guards the app
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageAddress
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      // checkov:skip=CKV_AZURE_212: it scales from nothing with its queues
      // checkov:skip=CKV_AZURE_213: there is no page to ask for; the alert `silent` tells when the app does not run
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
      }
    }
    // checkov:skip=CKV_AZURE_18: webhook calls one at a time gain nothing from HTTP/2
    // checkov:skip=CKV_AZURE_67: webhook calls one at a time gain nothing from HTTP/2
    // checkov:skip=CKV_AZURE_78: there is no FTP on Flex Consumption, which refuses `ftpsState`
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: [for setting in items(union(settings, extraSettings)): { name: setting.key, value: setting.value }]
    }
  }

  // Nobody deploys with a password.
  resource noPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

@description('Name.')
output name string = app.name
