// What wakes somebody: each rule is a query of infra/queries, and fires when the query has a row.

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Resource id of the Event Grid system topic.')
param topicId string

@description('Address that alerts are mailed to; empty: they are seen in the portal only.')
param email string

// Severity 1 is an error that stops work, 2 a warning, 3 something to know.
var rules = [
  {
    name: 'poison'
    severity: 1
    window: 'PT30M'
    query: loadTextContent('../queries/poison.kql')
    description: 'A poison queue holds messages that could not even be recorded as failed: see darkroom drain.'
  }
  {
    name: 'silent'
    severity: 1
    window: 'PT1H'
    query: loadTextContent('../queries/silent.kql')
    description: 'The app has measured nothing for an hour: it does not run, or cannot send telemetry; see darkroom doctor.'
  }
  {
    name: 'needs-operator'
    severity: 1
    window: 'PT30M'
    query: loadTextContent('../queries/needs-operator.kql')
    description: 'A model refuses the app or is not there, or a setting is wrong, and jobs wait: see darkroom doctor.'
  }
  {
    name: 'waiting'
    severity: 2
    window: 'PT1H'
    query: loadTextContent('../queries/waiting.kql')
    description: 'A message has waited for more than an hour: see darkroom status.'
  }
  {
    name: 'throttled'
    severity: 2
    window: 'PT1H'
    query: loadTextContent('../queries/throttled.kql')
    description: 'A deployment has answered nothing but 429 for an hour: raise its capacity, or wait.'
  }
  {
    name: 'failed'
    severity: 3
    window: 'PT1H'
    query: loadTextContent('../queries/failed.kql')
    description: 'Jobs failed, and each record says why: see darkroom status.'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'darkroom'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'darkroom'
    enabled: true
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'darkroom-${rule.name}'
    location: location
    tags: tags
    properties: {
      displayName: 'Darkroom: ${rule.name}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT15M'
      windowSize: rule.window
      autoMitigate: true
      // The tables of a new workspace are there only with the first telemetry.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(email) ? [] : [people.id]
      }
    }
  }
]

// An event in the dead-letter container is a document that only the sweep will find; a dropped one is not even there.
resource lostEvents 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for metric in ['DeadLetteredCount', 'DroppedEventCount']: {
    name: 'darkroom-${metric}'
    location: 'global'
    tags: tags
    properties: {
      description: 'Event Grid could not tell the app of a dropped document, and gave up: the sweep finds it.'
      severity: 2
      enabled: true
      scopes: [topicId]
      evaluationFrequency: 'PT15M'
      windowSize: 'PT15M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: metric
            metricNamespace: 'Microsoft.EventGrid/systemTopics'
            metricName: metric
            // The topic has no metrics before its first subscription.
            skipMetricValidation: true
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: 0
          }
        ]
      }
      actions: empty(email) ? [] : [{ actionGroupId: people.id }]
    }
  }
]
